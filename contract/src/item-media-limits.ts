/** Numbers without schemas, so that pages take no more than them. */
export const mostItemMedia = 4;
/** Of a file before it is made smaller; what is stored of it is less. */
export const mostItemMediaBytes = 12 * 1024 ** 2;
