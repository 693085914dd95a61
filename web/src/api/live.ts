import { streamAddress } from './client';

// The stream of what the twin stores, while the page can be seen. Where there is none, the
// questions of the pages are asked again and again instead.

/** Kind is what an event is about. */
export type Kind = 'state' | 'forecast' | 'decision' | 'limit' | 'alert' | 'reset';

const kinds: Kind[] = ['state', 'forecast', 'decision', 'limit', 'alert', 'reset'];

type Listener = (kind: Kind, data: unknown) => void;

/** patience is how long a lost stream may take to come back before the page asks, in milliseconds. */
const patience = 5_000;
const retryFirst = 15_000;
const retryMost = 60_000;

/** Live is the page's stream. Its state is for useSyncExternalStore. */
class Live {
  private source: EventSource | undefined;
  private lastId = '';
  private wanted = false;
  private on = false;
  /** When isOn changed last, in milliseconds since 1970. */
  changed = 0;
  private retry = retryFirst;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private doubt: ReturnType<typeof setTimeout> | undefined;
  private readonly watchers = new Set<() => void>();
  private readonly listeners = new Set<Listener>();

  /** isOn reports whether events come. */
  readonly isOn = (): boolean => this.on;

  /** subscribe calls back when isOn changes. */
  readonly subscribe = (changed: () => void): (() => void) => {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  };

  /** listen calls back for each event. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** start opens the stream while the page is visible, until the function that it returns is called. */
  start(): () => void {
    this.wanted = true;
    const show = () => (document.hidden ? this.close() : this.open());
    document.addEventListener('visibilitychange', show);
    show();
    return () => {
      this.wanted = false;
      document.removeEventListener('visibilitychange', show);
      this.close();
    };
  }

  private open(): void {
    if (!this.wanted || this.source || document.hidden) return;
    clearTimeout(this.timer);
    const source = new EventSource(streamAddress(this.lastId), { withCredentials: true });
    this.source = source;
    source.onopen = () => {
      clearTimeout(this.doubt);
      this.doubt = undefined;
      this.retry = retryFirst;
      this.set(true);
    };
    source.onerror = () => this.failed(source);
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        if (event.lastEventId) this.lastId = event.lastEventId;
        const data: unknown = JSON.parse(event.data as string);
        for (const listener of this.listeners) listener(kind, data);
      });
    }
  }

  /** failed waits for the browser to connect again; where it does not try, the page tries later. */
  private failed(source: EventSource): void {
    if (source !== this.source) return;
    this.doubt ??= setTimeout(() => this.set(false), patience);
    if (source.readyState !== EventSource.CLOSED) return;
    this.close();
    this.timer = setTimeout(() => this.open(), this.retry);
    this.retry = Math.min(2 * this.retry, retryMost);
  }

  private close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.doubt);
    this.doubt = undefined;
    this.source?.close();
    this.source = undefined;
    this.set(false);
  }

  private set(on: boolean): void {
    if (this.on === on) return;
    this.on = on;
    this.changed = Date.now();
    for (const changed of this.watchers) changed();
  }
}

/** live is the stream of this page. */
export const live = new Live();
