import type { LessonKind } from '@keshi/contract/lessons';
import { type Made, type Making, makeStream } from './make-stream.ts';
import { makePackage } from './make-package.ts';
import { makePages } from './make-pages.ts';
import { MakingRefused } from './making-refused.ts';

/** What is made of an upload, by the kind of its lesson. Rejects as its makers do. */
export function makeLesson(kind: LessonKind, making: Making): Promise<Made> {
  switch (kind) {
    case 'video':
    case 'audio':
      return makeStream(kind, making);
    case 'pdf':
    case 'slides':
      return makePages(making);
    case 'courseware':
    case 'scorm':
      return makePackage(kind, making);
    case 'text':
    case 'replay':
      return Promise.reject(new MakingRefused('wrong-type'));
  }
}
