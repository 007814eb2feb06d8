// What `new` saw of this computer, before anything is made of it: plain values, so that every network can be tested.

/** One IPv4 address of a network card, real or not. Loopback is left out. */
export interface Card {
  readonly name: string;
  readonly address: string;
  readonly prefix: number;
}

export interface DefaultRoute {
  readonly card: string;
  /** Null where the route leads through a tunnel without one. */
  readonly gateway: string | null;
}

export interface Observed {
  readonly cards: readonly Card[];
  /** The one that the kernel takes comes first. */
  readonly routes: readonly DefaultRoute[];
  /** The resolvers of this computer, loopback and all. */
  readonly dns: readonly string[];
  /** Lines of .pub files and of the agent, as they were found. */
  readonly keys: readonly string[];
}
