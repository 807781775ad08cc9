/** Numbers that look random and are the same whenever the seed is: what was drawn can be drawn again [EX4]. */

/** Answers numbers in [0, 1). Seeds that differ in one character give nothing alike. */
export function seeded(seed: string): () => number {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef];
  for (let index = 0; index < seed.length; index++) {
    const code = seed.charCodeAt(index);
    a = Math.imul(a ^ code, 0x85ebca6b) ^ (b >>> 3);
    b = Math.imul(b ^ a, 0xc2b2ae35) ^ (c >>> 5);
    c = Math.imul(c ^ b, 0x27d4eb2f) ^ (d >>> 7);
    d = Math.imul(d ^ c, 0x165667b1) ^ (a >>> 11);
  }
  // sfc32, after enough turns for every bit of the seed to be everywhere.
  const next = () => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  for (let turn = 0; turn < 16; turn++) next();
  return next;
}

/** The same things in another order; every order is as likely as any other. */
export function shuffled<T>(things: readonly T[], random: () => number): T[] {
  const result = [...things];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const [x, y] = [result[last], result[other]];
    if (x === undefined || y === undefined) continue;
    result[last] = y;
    result[other] = x;
  }
  return result;
}
