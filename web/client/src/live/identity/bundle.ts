/** Several pictures in one body, each after its length: as `pictureBundle` of the contract says. */
const type = 'application/vnd.keshi.pictures';

export function bundle(pictures: readonly Blob[]): Blob {
  const parts = pictures.flatMap((picture) => {
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, picture.size);
    return [length.buffer, picture];
  });
  return new Blob(parts, { type });
}
