/** A load over plain HTTP: made by one k6, on a cluster of its own making. */
export interface HttpLoadOptions {
  /** Of the full load, more than 0 and at most 1. */
  scale: number;
  /** Path of the program. */
  k6: string;
  say: (line: string) => void;
  signal: AbortSignal;
  onOutput?: (text: string) => void;
}

export interface HttpLoadResult {
  settings: Readonly<Record<string, number>>;
  figures: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Thresholds that did not hold; a load without any has passed. */
  crossed: readonly string[];
  samples: readonly (Readonly<Record<string, number>> & { readonly atSeconds: number })[];
  /** Which of the samples' numbers are cores that were busy, by what they are called. */
  lines: Readonly<Record<string, string>>;
}

export interface HttpLoad {
  readonly name: string;
  readonly says: string;
  run(options: HttpLoadOptions): Promise<HttpLoadResult>;
}
