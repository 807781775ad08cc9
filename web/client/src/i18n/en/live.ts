import type { live as zh } from '../zh-CN/live.ts';

export const live: typeof zh = {
  title: 'Live class',
};
