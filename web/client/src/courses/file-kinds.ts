import type { LessonKind } from '@keshi/contract/lessons';

/** What a file dialog offers; what a file really is, the server finds out. */
export function acceptOf(kind: LessonKind): string {
  switch (kind) {
    case 'video':
      return 'video/*,.mkv,.avi,.flv,.ts';
    case 'audio':
      return 'audio/*,.m4a,.mp3,.wav,.flac,.ogg';
    case 'pdf':
    case 'slides':
      return 'application/pdf,.pdf';
    case 'courseware':
    case 'scorm':
      return 'application/zip,.zip';
    case 'text':
    case 'replay':
      return '';
  }
}

export const kinds: readonly LessonKind[] = [
  'video',
  'audio',
  'text',
  'pdf',
  'slides',
  'courseware',
  'scorm',
  'replay',
];
