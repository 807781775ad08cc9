export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Pose {
  /** Degrees. Positive: the nose points to the picture's right, down; the head leans clockwise. */
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  /** How badly the points fit a head, as a share of its width: up to 0.1 for real faces. */
  readonly residual: number;
}

type Vector = readonly [number, number, number];

/** x to the right of the picture, y down, z towards the camera, in any unit: nose tip, chin, outer eyes, mouth's corners. */
const head: readonly { point: number; at: Vector }[] = [
  { point: 30, at: [0, 0, 0] },
  { point: 8, at: [0, 330, -65] },
  { point: 36, at: [-225, -170, -135] },
  { point: 45, at: [225, -170, -135] },
  { point: 48, at: [-150, 150, -125] },
  { point: 54, at: [150, 150, -125] },
];
const headWidth = 450;

export const pointAt = (points: readonly Point[], index: number): Point => points[index] ?? { x: 0, y: 0 };

/** The pose of a head under weak perspective, from its 68 landmarks. */
export function headPose(landmarks: readonly Point[]): Pose {
  const centre = mean(head.map(({ at }) => at));
  const model = head.map(({ at }) => minus(at, centre));
  const seen = head.map(({ point }) => pointAt(landmarks, point));
  const middle = { x: average(seen.map(({ x }) => x)), y: average(seen.map(({ y }) => y)) };
  const sum = (of: (row: Vector, index: number) => number) =>
    model.reduce((total, row, index) => total + of(row, index), 0);
  const moments: [Vector, Vector, Vector] = [momentRow(sum, 0), momentRow(sum, 1), momentRow(sum, 2)];
  const across: Vector = vector((k) => sum((row, i) => row[k] * (pointAt(seen, i).x - middle.x)));
  const down: Vector = vector((k) => sum((row, i) => row[k] * (pointAt(seen, i).y - middle.y)));
  const first = solve(moments, across);
  const second = solve(moments, down);
  const scale = (length(first) + length(second)) / 2;
  const [right, below] = orthonormal(first, second);
  const towards = cross(right, below);
  const off = average(
    model.map((row, i) => {
      const point = pointAt(seen, i);
      return Math.hypot(
        scale * dot(right, row) - (point.x - middle.x),
        scale * dot(below, row) - (point.y - middle.y),
      );
    }),
  );
  const degrees = 180 / Math.PI;
  return {
    yaw: Math.atan2(right[2], towards[2]) * degrees,
    pitch: Math.asin(Math.min(1, Math.max(-1, below[2]))) * degrees,
    roll: Math.atan2(below[0], right[0]) * degrees,
    residual: off / (scale * headWidth),
  };
}

/** u = a·x − b·y + tx, v = b·x + a·y + ty. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/** The best one by least squares. */
export function similarity(from: readonly Point[], to: readonly Point[]): Similarity {
  const [fx, fy] = [average(from.map(({ x }) => x)), average(from.map(({ y }) => y))];
  const [gx, gy] = [average(to.map(({ x }) => x)), average(to.map(({ y }) => y))];
  let a = 0;
  let b = 0;
  let q = 0;
  for (const [index, point] of from.entries()) {
    const other = pointAt(to, index);
    const [x, y, u, v] = [point.x - fx, point.y - fy, other.x - gx, other.y - gy];
    a += x * u + y * v;
    b += x * v - y * u;
    q += x * x + y * y;
  }
  a /= q;
  b /= q;
  return { a, b, tx: gx - (a * fx - b * fy), ty: gy - (b * fx + a * fy) };
}

/** How much two boxes share, 0 to 1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const vector = (of: (k: 0 | 1 | 2) => number): Vector => [of(0), of(1), of(2)];
const mean = (rows: readonly Vector[]): Vector => vector((k) => average(rows.map((row) => row[k])));
const minus = (a: Vector, b: Vector): Vector => vector((k) => a[k] - b[k]);
const times = (a: Vector, factor: number): Vector => vector((k) => a[k] * factor);
const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const length = (a: Vector) => Math.sqrt(dot(a, a));
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const momentRow = (sum: (of: (row: Vector) => number) => number, r: 0 | 1 | 2): Vector =>
  vector((s) => sum((row) => row[r] * row[s]));

/** The nearest pair of unit vectors at a right angle: both give way by the same. */
function orthonormal(a: Vector, b: Vector): [Vector, Vector] {
  const i = times(a, 1 / length(a));
  const j = times(b, 1 / length(b));
  const half = dot(i, j) / 2;
  const [right, below] = [minus(i, times(j, half)), minus(j, times(i, half))];
  return [times(right, 1 / length(right)), times(below, 1 / length(below))];
}

/** Cramer's rule. The matrix is symmetric, so its rows are its columns. */
function solve([p, q, r]: readonly [Vector, Vector, Vector], b: Vector): Vector {
  const determinant = (x: Vector, y: Vector, z: Vector) => dot(x, cross(y, z));
  const whole = determinant(p, q, r);
  return [determinant(b, q, r) / whole, determinant(p, b, r) / whole, determinant(p, q, b) / whole];
}
