/** The one message that every side delivers: a line of chat, in the bytes the product sends it in. */
import type { ServerPayload } from '@keshi/contract/signaling';

/** What is said in the class; the number tells which message it was. */
export const textOf = (number: number) => `老师,这一步的接线图我没看清楚,能再讲一遍吗?(${number})`;
const numberIn = /\((\d+)\)$/;

/** What a peer sends in place of the product's event: as many fields, as many bytes. */
export function eventsWith(number: number, text = textOf(number)): ServerPayload<'events'> {
  const at = Date.now();
  const message = {
    id: '01980f3c-7a51-7c2e-9b52-3f0f5f1f2a01',
    from: { userId: '01980f3c-7a51-7c2e-9b52-3f0f5f1f2a02', name: '学员1号', role: 'attendee' as const },
    text,
  };
  return { events: [{ type: 'chat.sent', seq: number, at, message }] };
}

/** A Socket.IO event as text, as its parser would write it. */
export const packetOf = (name: string, payload: unknown) => `42${JSON.stringify([name, payload])}`;

/** The numbers of the messages in a Socket.IO packet of class events; the other events of a class carry none. */
export function numbersIn(packet: string): number[] {
  const [, payload] = JSON.parse(packet.slice(2)) as [string, ServerPayload<'events'>];
  return payload.events.flatMap((event) => {
    if (event.type !== 'chat.sent') return [];
    const number = numberIn.exec(event.message.text)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}
