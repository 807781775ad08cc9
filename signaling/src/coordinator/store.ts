/** What a coordinator needs of the database. Throws `DatabaseUnavailable` while it is away. */
import type { ScreeningAlert } from '@keshi/contract/signaling';
import type { Classroom } from './classroom.ts';
import type { AskedQuiz } from './quiz.ts';
import type { RoomEvent, Turn } from './turn.ts';

/** A text nobody was shown [C8, J3]. */
export interface StoppedText {
  id: string;
  userId: string;
  at: number;
  surface: ScreeningAlert['surface'];
  category: string;
  terms: readonly string[];
  text: string;
  orgPath: string;
}

export interface LoadedClass {
  fence: number;
  room: Classroom;
  /** The latest events, oldest first, for pages that were away for a moment. */
  recent: RoomEvent[];
}

export type Stored =
  | { kind: 'stored' }
  /** The same message was stored before under this id. */
  | { kind: 'duplicate'; id: string }
  /** This one alone could not be stored. */
  | { kind: 'failed'; error: unknown };

export interface ClassStore {
  /** Makes the caller the class's one writer. Null: there is no such class. */
  takeOver(classId: string): Promise<LoadedClass | null>;
  /** What is stored, without taking over. Throws `FencedOut` when another has taken over since. */
  reload(classId: string, fence: number): Promise<LoadedClass>;
  /**
   * One transaction under the coordinator's fencing number; one result per turn. `inOrder` is false when what was
   * stored got other numbers than the turns had given, because one of them was refused.
   */
  append(
    classId: string,
    fence: number,
    turns: readonly Turn[],
  ): Promise<{ results: Stored[]; inOrder: boolean }>;
  preparedQuiz(classId: string, quizId: string): Promise<AskedQuiz | null>;
  chatExists(classId: string, messageId: string): Promise<boolean>;
  /** Whether the class is set to be recorded now: that may change until it starts. */
  isRecorded(classId: string): Promise<boolean>;
}
