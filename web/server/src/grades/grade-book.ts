/** The grades of a group: answers in class as the boards have them, and the final exam [F2, F3]. */
import type { GradeRow, GradeSummary } from '@keshi/contract/http/grades';
import { storedPolicy } from '@keshi/contract/policy';
import { endedClassesOf, learnersOfGroup } from '@keshi/db/certificate-facts';
import type { Db } from '@keshi/db/client';
import { getCourse } from '@keshi/db/courses';
import { maskName } from '@keshi/db/crypto';
import { examOutcomes } from '@keshi/db/exam-outcomes';
import type { Group } from '@keshi/db/groups';
import { namesAndLogins } from '@keshi/db/person-names';
import { isBelow, sumGrades } from '@keshi/rules/grades';
import { resolvePolicy } from '@keshi/rules/policy';
import { AppError } from '@keshi/runtime/errors';
import type { ResultsReader } from '../attendance/class-results.ts';
import type { PeopleReach } from '../people-reach.ts';

export interface GradeBook {
  /** By login. */
  rows: GradeRow[];
  summary: GradeSummary;
}

const pageSize = 500;
const mostLearners = 5_000;

export function createGradeBook({ db, results }: { db: Db; results: ResultsReader }) {
  async function learnersOf(group: Group, reach: PeopleReach): Promise<string[]> {
    const all: string[] = [];
    for (;;) {
      const { total, userIds } = await learnersOfGroup(db, {
        groupId: group.id,
        ...(reach && { employers: reach }),
        offset: all.length,
        limit: pageSize,
      });
      if (total > mostLearners) throw new AppError('too-large');
      all.push(...userIds);
      if (userIds.length === 0 || all.length >= total) return all;
    }
  }

  return async function gradeBook(group: Group, reach: PeopleReach): Promise<GradeBook> {
    const course = await getCourse(db, group.courseId);
    const { minimumRate } = resolvePolicy(storedPolicy.catch({}).parse(course?.policy));
    const userIds = await learnersOf(group, reach);
    const [people, outcomes, classIds] = await Promise.all([
      namesAndLogins(db, userIds),
      examOutcomes(db, group.courseId, userIds),
      endedClassesOf(db, { courseId: group.courseId, userIds }),
    ]);
    const quiz = new Map<string, { asked: number; correct: number }>();
    for (const classId of classIds)
      for (const row of (await results.of(classId, reach))?.rows ?? []) {
        const { asked, correct } = quiz.get(row.userId) ?? { asked: 0, correct: 0 };
        quiz.set(row.userId, { asked: asked + row.quizAsked, correct: correct + row.quizCorrect });
      }
    const rows = userIds.map((userId): GradeRow => {
      const { asked, correct } = quiz.get(userId) ?? { asked: 0, correct: 0 };
      const correctRate = asked > 0 ? correct / asked : null;
      const outcome = outcomes.get(userId) ?? { state: 'no-exam' as const };
      return {
        userId,
        login: people.get(userId)?.login ?? '',
        name: maskName(people.get(userId)?.name ?? ''),
        quizAsked: asked,
        quizCorrect: correct,
        correctRate,
        belowCorrect: isBelow(correctRate, minimumRate),
        exam: outcome.state === 'no-exam' ? 'none' : outcome.state,
        examShare: 'earned' in outcome && outcome.most > 0 ? outcome.earned / outcome.most : null,
      };
    });
    const sums = sumGrades(
      rows.map((row) => ({ ...row, passed: row.exam === 'passed' })),
      minimumRate,
    );
    return {
      rows,
      summary: { ...sums, distribution: [...sums.distribution], learners: rows.length, minimumRate },
    };
  };
}
