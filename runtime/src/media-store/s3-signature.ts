import { createHash, createHmac } from 'node:crypto';

export interface S3Keys {
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

interface Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** Its path and query are what is signed, in the form `encodeRfc3986` gives them. */
  url: URL;
  body: Uint8Array | null;
  /** Server time, ms since the epoch; S3 refuses what is more than 15 minutes off. */
  at: number;
}

const algorithm = 'AWS4-HMAC-SHA256';
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/**
 * AWS Signature Version 4 for one S3 request, over its method, path, query, host and whole body, so that what arrives is
 * what was sent even over plain HTTP. Returns the headers to send.
 */
export function signRequest({ method, url, body, at }: Request, keys: S3Keys): Record<string, string> {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const bodyHash = sha256(body ?? '');
  const signed: Record<string, string> = {
    host: url.host,
    'x-amz-content-sha256': bodyHash,
    'x-amz-date': time,
  };
  const names = Object.keys(signed).join(';');
  const query = [...url.searchParams]
    .map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`)
    .sort()
    .join('&');
  const headers = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const request = [method, url.pathname, query, headers.join(''), names, bodyHash].join('\n');
  const scope = `${day}/${keys.region}/s3/aws4_request`;
  const toSign = [algorithm, time, scope, sha256(request)].join('\n');
  const key = ['s3', 'aws4_request'].reduce(
    hmac,
    hmac(hmac(`AWS4${keys.secretAccessKey}`, day), keys.region),
  );
  const signature = hmac(key, toSign).toString('hex');
  return {
    'x-amz-content-sha256': bodyHash,
    'x-amz-date': time,
    authorization: `${algorithm} Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** As the signature wants it: everything but letters, digits and `-._~` in percent form. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
