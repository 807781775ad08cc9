import QRCode from 'qrcode';

export interface Code {
  /** In modules, the quiet zone not counted. */
  size: number;
  /** SVG path of the dark modules, one unit each. */
  path: string;
}

/** The two-dimensional code that opens an address; a quarter of it may be dirt or a stamp. */
export function codeOf(address: string): Code {
  const { modules } = QRCode.create(address, { errorCorrectionLevel: 'Q' });
  const runs: string[] = [];
  for (let row = 0; row < modules.size; row += 1)
    for (let column = 0; column < modules.size; column += 1) {
      if (!modules.get(row, column)) continue;
      const from = column;
      while (column + 1 < modules.size && modules.get(row, column + 1)) column += 1;
      runs.push(`M${from} ${row}h${column - from + 1}v1H${from}z`);
    }
  return { size: modules.size, path: runs.join('') };
}
