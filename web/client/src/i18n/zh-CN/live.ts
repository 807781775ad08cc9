/** 课堂：the live class page. */
export const live = {
  title: '课堂',
};
