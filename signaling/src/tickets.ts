import { ticketClaims, whipClaims, type TicketClaims, type WhipClaims } from '@keshi/contract/tokens';
import { readSignedToken } from '@keshi/runtime/signed-token';

/** Reads the ticket a page presents when it connects; on `token-expired` the page fetches another. `now` in ms. */
export const verifyTicket = (ticket: string, secret: string, now: number): TicketClaims =>
  readSignedToken(ticket, { secret, now, claims: ticketClaims }).claims;

/** Reads the token an encoder presents with every request. A ticket is no such token. `now` in ms. */
export const verifyWhipToken = (token: string, secret: string, now: number): WhipClaims =>
  readSignedToken(token, { secret, now, claims: whipClaims }).claims;
