/**
 * A map that knows at any moment which of its entries are of a kind. That is kept with each change, whoever makes it and
 * whoever takes it back: a class of thousands is not gone through for each snapshot, of which every join takes one.
 */
export class IndexedMap<K, V, Kind extends string> extends Map<K, V> {
  readonly #kinds: readonly { is: (value: V) => boolean; keys: Set<K> }[];
  readonly #keysOf: Readonly<Record<Kind, Set<K>>>;

  constructor(kinds: Readonly<Record<Kind, (value: V) => boolean>>, entries: Iterable<readonly [K, V]> = []) {
    super();
    const names = Object.keys(kinds) as Kind[];
    this.#keysOf = Object.fromEntries(names.map((name) => [name, new Set<K>()])) as Record<Kind, Set<K>>;
    this.#kinds = names.map((name) => ({ is: kinds[name], keys: this.#keysOf[name] }));
    for (const [key, value] of entries) this.set(key, value);
  }

  /** Keys of the entries of this kind, in the order in which they became so. */
  keysOf(kind: Kind): ReadonlySet<K> {
    return this.#keysOf[kind];
  }

  override set(key: K, value: V): this {
    for (const { is, keys } of this.#kinds)
      if (is(value)) keys.add(key);
      else keys.delete(key);
    return super.set(key, value);
  }

  override delete(key: K): boolean {
    for (const { keys } of this.#kinds) keys.delete(key);
    return super.delete(key);
  }

  override clear(): void {
    for (const { keys } of this.#kinds) keys.clear();
    super.clear();
  }
}
