import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

export interface PlotLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** An SVG image. */
export function renderPlot(
  title: string,
  lines: readonly PlotLine[],
  axes: { readonly x: string; readonly y: string; readonly logarithmic?: true },
): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: 760, height: 340 });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: title, left: "center", textStyle: { fontSize: 15 } },
    ...(lines.length > 1 ? { legend: { bottom: 0 } } : {}),
    grid: { left: 70, right: 30, top: 45, bottom: lines.length > 1 ? 75 : 55 },
    xAxis: { type: "value", name: axes.x, nameLocation: "middle", nameGap: 28, max: "dataMax" },
    yAxis: { type: axes.logarithmic ? "log" : "value", name: axes.y, nameLocation: "middle", nameGap: 50 },
    series: lines.map(({ name, points }) => ({
      type: "line",
      name,
      data: points,
      showSymbol: false,
      lineStyle: { width: 2 },
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
