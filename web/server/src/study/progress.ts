/** What somebody has studied, by course and lesson [E3, E4]. */
import type { LessonLine, StudyProgressRow } from '@keshi/contract/http/study';
import { lessonKind } from '@keshi/contract/lessons';
import type { Db } from '@keshi/db/client';
import { type LessonOfCourse, lessonsOfCourses } from '@keshi/db/study-lessons';
import { studiesOf, type StoredStudy } from '@keshi/db/study-progress';
import { lengthOf } from './lessons.ts';

export function lessonLine(lesson: LessonOfCourse, study: StoredStudy | undefined): LessonLine {
  return {
    id: lesson.id,
    ordinal: lesson.ordinal,
    title: lesson.title,
    kind: lessonKind.parse(lesson.kind),
    chapter: lesson.chapter,
    lengthMs: lengthOf(lesson) ?? 0,
    countedMs: study?.countedMs ?? 0,
    complete: study ? study.completedAt !== null : false,
  };
}

/** Courses without lessons are left out. */
export async function progressOf(
  db: Db,
  userId: string,
  courseIds: readonly string[],
): Promise<StudyProgressRow[]> {
  const [lessons, studies] = await Promise.all([
    lessonsOfCourses(db, courseIds),
    studiesOf(db, { userId, courseIds }),
  ]);
  const studyOf = new Map(studies.map((study) => [study.lessonId, study]));
  return [...Map.groupBy(lessons, ({ courseId }) => courseId)].map(([courseId, ofCourse]) => {
    const lines = ofCourse.map((lesson) => lessonLine(lesson, studyOf.get(lesson.id)));
    const times = ofCourse.flatMap(({ id }) => studyOf.get(id)?.updatedAt ?? []);
    return {
      courseId,
      courseTitle: ofCourse[0]?.courseTitle ?? '',
      lessons: lines,
      complete: lines.filter(({ complete }) => complete).length,
      countedMs: lines.reduce((sum, { countedMs, lengthMs }) => sum + Math.min(countedMs, lengthMs), 0),
      lengthMs: lines.reduce((sum, { lengthMs }) => sum + lengthMs, 0),
      lastAt: times.length > 0 ? Math.max(...times) : null,
    };
  });
}
