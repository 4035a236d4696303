import { SerfError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { Memberlist } from "../memberlist/memberlist.ts";
import type { Broadcasts } from "./broadcasts.ts";
import type { Coordinates } from "./coordinates.ts";
import { EventOutbox } from "./event-outbox.ts";
import { type EventAccepted, EventPacer } from "./event-pacer.ts";
import { EventRate, type EventRateView } from "./event-rate.ts";
import { EventTour, ownPart } from "./event-tour.ts";
import { EventWindow } from "./event-window.ts";
import type { SerfEvent } from "./events.ts";
import { encodeSerfMessage, type UserEventMessage } from "./messages.ts";
import type { SerfOptions } from "./options.ts";
import { UserEvents } from "./user-events.ts";

/** Of the packets that leave at once, the share that user events may take. */
const packetShare = 0.9;

export interface EventingParts {
  readonly options: SerfOptions;
  readonly broadcasts: Broadcasts;
  readonly coordinates: Coordinates | undefined;
  /** It is made after its delegates. */
  memberlist(): Memberlist;
  tell(event: SerfEvent): void;
}

/** Everything about user events: those that this node was told, and its own, from whoever sends them to the broadcasts. */
export class Eventing {
  readonly received: UserEvents;
  private readonly rate: EventRate;
  private readonly parts: EventingParts;
  private readonly pacer: EventPacer;
  private readonly outbox: EventOutbox;
  private readonly tour: EventTour;
  private readonly window: EventWindow;
  /** With members that do not pull, under way. */
  private exchanges = 0;

  constructor(parts: EventingParts, host: Host) {
    this.parts = parts;
    const { broadcasts, options } = parts;
    this.rate = new EventRate(host.clock, () => this.view());
    this.received = this.createUserEvents(host);
    const time = () => this.received.clock.time;
    const exchange = (name: string, done: (succeeded: boolean) => void) => this.exchangeWith(name, done);
    this.tour = new EventTour({ time, exchange, members: () => this.membersToAsk() }, host);
    this.window = new EventWindow({ time, exchange, forgetful: () => this.forgetful() }, host);
    const hasRoom = () =>
      (broadcasts.hasRoomForEvent && this.outbox.hasRoom && this.window.isOpen) || this.others === 0;
    this.pacer = new EventPacer({ waitingMax: options.eventsWaitingMax, hasRoom }, this.rate, host);
    this.outbox = new EventOutbox(host, {
      send: (message) => broadcasts.send(broadcasts.events, message),
      sendAgain: (message) => broadcasts.sendAgain(message),
    });
  }

  /** How many events wait for their turn. */
  get waitingCount(): number {
    return this.pacer.waitingCount;
  }

  /**
   * Sends an event when its turn has come. `done` is called once: without an error when the event was told here and is on its way, synchronously if
   * nothing waits. Throws USER_EVENT_TOO_LARGE, TOO_MANY_LARGE_MESSAGES or TOO_MANY_USER_EVENTS.
   */
  send(name: string, payload: Uint8Array, coalesce: boolean, done: EventAccepted): void {
    const check = (): void => this.received.check(name, payload, coalesce);
    const send = (): void => this.sendNow(name, payload, coalesce);
    this.pacer.admit({ check, send }, done);
  }

  /** Whoever waits hears the reason. */
  refuseWaiting(reason: SerfError): void {
    this.pacer.refuseWaiting(reason);
  }

  /** Also tells what events of others were held back. */
  stop(): void {
    this.received.stop();
    this.refuseWaiting(new SerfError("NOT_RUNNING", "the node was shut down before the event could be sent"));
    this.outbox.stop();
    this.tour.stop();
    this.window.stop();
  }

  private sendNow(name: string, payload: Uint8Array, coalesce: boolean): void {
    this.received.send(name, payload, coalesce, (message) => this.leave(message));
    this.window.noteOwn();
  }

  private leave(message: Uint8Array): void {
    const { broadcasts } = this.parts;
    if (broadcasts.isLarge(message) || this.others === 0) broadcasts.send(broadcasts.events, message);
    else this.outbox.put(message);
  }

  private createUserEvents(host: Host): UserEvents {
    const { broadcasts, coordinates, memberlist, options, tell } = this.parts;
    const limits = {
      bufferLength: options.eventBufferLength,
      bytesMax: options.userEventBytesMax,
      orderWaitMs: options.eventOrderWaitMs,
      checkRoom: (bytes: number) => broadcasts.checkRoom(bytes),
      // Others could tell no more than what they heard of lately.
      exchange: (done: (succeeded: boolean) => void) =>
        memberlist().exchangeState((name) => coordinates?.pullsEvents(name) ?? false, done),
      knowsForgetful: () => this.forgetful().length > 0,
      heard: () => {
        this.rate.noteForeign();
        this.tour.noteEvent();
      },
      merged: (event: UserEventMessage) => this.passOnMerged(event),
    };
    return new UserEvents(limits, host, tell);
  }

  private exchangeWith(name: string, done: (succeeded: boolean) => void): boolean {
    const began = this.parts.memberlist().exchangeState(
      (one) => one === name,
      (succeeded) => {
        this.exchanges -= 1;
        done(succeeded);
      },
    );
    if (began) this.exchanges += 1;
    return began;
  }

  /** What a member that pulls nothing has brought, others of this kind may lack, too: only one of them asks it. */
  private passOnMerged(event: UserEventMessage): void {
    const { broadcasts } = this.parts;
    if (this.exchanges > 0) broadcasts.passOn(broadcasts.events, encodeSerfMessage(event));
  }

  private membersToAsk() {
    const { coordinates } = this.parts;
    const memberlist = this.parts.memberlist();
    const { nodeName } = memberlist.options;
    const names = memberlist.members().map(({ name }) => name);
    const helpers = names.filter((name) => name === nodeName || coordinates?.pullsEvents(name));
    return { toAsk: ownPart(this.forgetful(), helpers, nodeName), count: names.length };
  }

  private forgetful(): readonly string[] {
    const { coordinates } = this.parts;
    return this.parts
      .memberlist()
      .members()
      .flatMap(({ name }) => (coordinates?.forgetsEvents(name) ? [name] : []));
  }

  private get others(): number {
    return this.parts.memberlist().aliveCount - 1;
  }

  private view(): EventRateView {
    const { coordinates, options } = this.parts;
    const memberlist = this.parts.memberlist();
    const { eagerPacketsPerSecond, nodeName } = memberlist.options;
    const names = memberlist.members().flatMap(({ name }) => (name === nodeName ? [] : [name]));
    return {
      others: names.length,
      allPull: coordinates !== undefined && names.every((name) => coordinates.pullsEvents(name)),
      bufferLength: options.eventBufferLength,
      roundTripMs: coordinates?.farthestMs(names) ?? 0,
      perSecondMax: options.eventsPerSecond,
      packetsPerSecondMax: eagerPacketsPerSecond * packetShare,
    };
  }
}
