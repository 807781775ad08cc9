/**
 * Lays pictures and sound of a class onto rolls, step by step. All rolls begin and end at the same instants: when what
 * is shown changes (another source, another format, a camera beside the screen), every roll ends at that instant and
 * new ones begin there, so that the time line has no hole and both views share their cuts.
 */
import type { Logger } from '@keshi/runtime/log';
import type { PictureSource } from './picture-source.ts';
import { createRoll, type Roll, type RollListener } from './roll.ts';
import type { Sound } from './take.ts';

export interface Director {
  /** What is to be shown; null for `main` is the slate. Followed as soon as there is a picture of it. */
  show(main: PictureSource | null, camera: PictureSource | null): void;
  /** Records from the first step at or after `atMs`. */
  begin(atMs: number): void;
  /** Steps follow each other without a hole; times are whole ms of the recorder's clock. */
  step(sound: Sound): void;
  /** Records up to the step that reaches `atMs`. Resolves when the last segments have been told. Idempotent. */
  end(atMs: number): Promise<void>;
  /** At once; what is under way is lost. Idempotent. */
  close(): void;
}

export interface DirectorOptions extends RollListener {
  slate: PictureSource;
  log: Logger;
  /** The first roll after `begin` has begun. */
  began(atMs: number): void;
  /** ffmpeg dies again and again; false when a segment has come again. */
  encoderFailing(failing: boolean): void;
}

/** So long a picture that is to come is waited for before the slate stands in. */
const patienceMs = 2_000;
/** Between attempts when ffmpeg dies of everything. */
const restMs = 2_000;

export function createDirector(options: DirectorOptions): Director {
  const { slate, log } = options;
  const endings = new Set<Promise<void>>();
  let wanted: { main: PictureSource; camera: PictureSource | null } = { main: slate, camera: null };
  let main: Roll | null = null;
  let camera: Roll | null = null;
  /** Null while nothing is to be recorded. */
  let fromMs: number | null = null;
  let toMs: number | null = null;
  let hasBegun = false;
  let waitsSince: number | null = null;
  let restsUntil = -Infinity;
  let failing = false;
  let whenEnded = Promise.withResolvers<void>();

  const listener: RollListener = {
    init: options.init,
    segment(view, take, segment) {
      if (failing) options.encoderFailing(false);
      failing = false;
      options.segment(view, take, segment);
    },
  };

  /** Only with pictures from the time that is recorded, and not with one that will be shown later. */
  function isReady(source: PictureSource, atMs: number): boolean {
    if (source === slate) return true;
    const first = source.current?.pictures[0]?.atMs;
    return first !== undefined && first <= atMs && first >= (fromMs ?? Infinity);
  }

  /** What a view does with its source at this instant. */
  function choose(source: PictureSource, roll: Roll | null, atMs: number): 'keep' | 'begin' | 'wait' {
    const isSame = roll?.source === source;
    if (isSame && (!source.current || source.current.format === roll.format)) return 'keep';
    if (isReady(source, atMs)) return 'begin';
    return isSame ? 'keep' : 'wait';
  }

  function roll(view: 'main' | 'camera', source: PictureSource, startMs: number): Roll | null {
    const { current } = source;
    return current && createRoll({ view, source, current, startMs, listener, log });
  }

  function finish(atMs: number): void {
    for (const old of [main, camera]) {
      if (!old) continue;
      const ended = old.end(atMs).finally(() => endings.delete(ended));
      endings.add(ended);
    }
    main = camera = null;
  }

  function follow(atMs: number): void {
    let picture = wanted.main;
    let choice = choose(picture, main, atMs);
    if (choice === 'wait') {
      waitsSince ??= atMs;
      // The camera goes on while the screen is still to come; anything else only for a moment.
      if (main && main.source === wanted.camera) return;
      if (atMs - waitsSince < patienceMs) return;
      picture = slate;
      choice = choose(slate, main, atMs);
    } else waitsSince = null;

    let beside = picture === wanted.main ? wanted.camera : null;
    const its = beside ? choose(beside, camera, atMs) : null;
    // One whose picture will be shown in a moment is worth the moment: there would be two cuts otherwise.
    if (its === 'wait' && (beside?.current?.pictures[0]?.atMs ?? 0) > atMs) return;
    if (its === 'wait') beside = null;
    const isSame = choice === 'keep' && (beside ? its === 'keep' : !camera);
    // A picture that has just come will be shown in a moment: until then there is nothing to begin with.
    if (isSame || !isReady(picture, atMs)) return;
    if (beside && !isReady(beside, atMs)) return;
    finish(atMs);
    main = roll('main', picture, atMs);
    camera = beside && roll('camera', beside, atMs);
    if (!hasBegun) options.began(atMs);
    hasBegun = true;
  }

  return {
    show(picture, beside) {
      wanted = { main: picture ?? slate, camera: beside };
    },
    begin(atMs) {
      fromMs = atMs;
      toMs = null;
      hasBegun = false;
      waitsSince = null;
    },
    step(sound) {
      if (toMs !== null && sound.atMs >= toMs) {
        finish(sound.atMs);
        fromMs = toMs = null;
        whenEnded.resolve();
      }
      if (fromMs === null || sound.atMs < fromMs) return;
      if (main?.isDead || camera?.isDead) {
        if (!failing) options.encoderFailing(true);
        failing = true;
        restsUntil = sound.atMs + restMs;
        finish(sound.atMs);
      }
      if (sound.atMs < restsUntil) return;
      follow(sound.atMs);
      main?.sound(sound);
      camera?.sound(sound);
    },
    async end(atMs) {
      if (fromMs !== null) {
        if (toMs === null) whenEnded = Promise.withResolvers<void>();
        toMs = Math.min(atMs, toMs ?? Infinity);
        await whenEnded.promise;
      }
      await Promise.all(endings);
    },
    close() {
      main?.close();
      camera?.close();
      main = camera = null;
      fromMs = toMs = null;
      whenEnded.resolve();
    },
  };
}
