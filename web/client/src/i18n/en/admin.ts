import type { admin as zh } from '../zh-CN/admin.ts';

export const admin: typeof zh = {};
