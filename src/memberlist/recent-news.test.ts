import { expect, test } from "vitest";
import { RecentNews } from "./recent-news.ts";

const user = (text: string) => ({ kind: "user", payload: new TextEncoder().encode(text) }) as const;
const suspect = (from: string) => ({ kind: "suspect", incarnation: 1, node: "a", from }) as const;

test("news that was not relayed is to be relayed once", () => {
  const news = new RecentNews(100);
  news.add(user("x"), false, 0);
  news.add(suspect("b"), false, 0);
  expect(news.takeUnrelayed(user("y"), 10)).toBe(false);
  expect(news.takeUnrelayed(user("x"), 10)).toBe(true);
  expect(news.takeUnrelayed(user("x"), 11)).toBe(false);
  expect(news.takeUnrelayed(suspect("c"), 11)).toBe(false);
  expect(news.takeUnrelayed(suspect("b"), 11)).toBe(true);
});

test("news that was relayed is not relayed again, and old news is not relayed", () => {
  const news = new RecentNews(100);
  news.add(user("x"), true, 0);
  news.add(user("y"), false, 0);
  expect(news.takeUnrelayed(user("x"), 10)).toBe(false);
  expect(news.takeUnrelayed(user("y"), 101)).toBe(false);
});

test("only the last few hundred pieces are remembered", () => {
  const news = new RecentNews(100);
  for (let index = 0; index < 1_000; index++) news.add(user(`${index}`), false, 0);
  expect(news.takeUnrelayed(user("487"), 1)).toBe(false);
  expect(news.takeUnrelayed(user("999"), 1)).toBe(true);
});
