import { routes } from '@keshi/contract/http/routes';
import type { ConsentAction } from '@keshi/contract/identity';
import { recordConsent } from '@keshi/db/consents';
import { getFaceEnrolment } from '@keshi/db/face-references';
import { getDocument, giveDocument } from '@keshi/db/identity-documents';
import { checkDocument } from '@keshi/rules/documents';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { consentTextFor, consentVersion, type ShownConsent } from './consent-text.ts';
import { createEnrolment } from './enrolment.ts';
import type { Erasure } from './erasure.ts';
import type { FaceAnalyser } from './face-analyser.ts';
import { createStanding, type StandingDeps } from './standing.ts';
import type { Vault } from '@keshi/db/vault';

interface Deps extends Omit<StandingDeps, 'facesJudged'> {
  vault: Vault;
  faces: FaceAnalyser | null;
  erasure: Erasure;
  /** There is something new to ask the authority. */
  askSoon: () => void;
  /** Done before a face is erased: what it is evidence of is held under another key by then [PR6]. */
  holdEvidence: (userId: string) => Promise<void>;
}

export function identityRoutes(deps: Deps) {
  const { db, clock, vault, faces, erasure, askSoon } = deps;
  const standing = createStanding({ ...deps, facesJudged: faces !== null });
  const enrolment = createEnrolment({ db, vault, clock, faces });

  function demandOwn(actor: Actor): void {
    authorise(actor, 'identity.own', {
      kind: 'person',
      userId: actor.userId,
      memberships: actor.memberships,
    });
  }

  /** Records the choice; where it ends consent, the key is destroyed before anybody is told. */
  async function choose(
    userId: string,
    action: ConsentAction,
    { shown, text }: ShownConsent,
    address: string,
  ): Promise<void> {
    if (action !== 'given') await deps.holdEvidence(userId);
    const { destroyedKeyId } = await recordConsent(db, {
      userId,
      action,
      shown: { hash: shown.hash, version: shown.version, locale: shown.locale, text },
      address,
      now: clock(),
    });
    if (destroyedKeyId !== null) await erasure.destroyNow(destroyedKeyId);
  }

  return {
    ownIdentity: bind(routes.ownIdentity, async ({ actor }) => {
      demandOwn(actor);
      return standing(actor.userId);
    }),

    giveDocument: bind(routes.giveDocument, async ({ actor, body, audit }) => {
      demandOwn(actor);
      const { userId } = actor;
      const verdict = checkDocument(body.kind, body.number, clock());
      if (!verdict.ok) throw new AppError('invalid-input', { fields: [`body.number.${verdict.fault}`] });
      const before = await getDocument(db, userId);
      await giveDocument(db, {
        userId,
        kind: body.kind,
        number: verdict.number,
        now: clock(),
        replace: body.replace,
      });
      await audit({
        action: before ? 'identity.document-changed' : 'identity.document-given',
        targetType: 'user',
        targetId: userId,
        detail: { documentKind: body.kind },
      });
      askSoon();
      return standing(userId);
    }),

    consentText: bind(routes.consentText, async ({ actor, query }) => {
      demandOwn(actor);
      return consentTextFor(query.locale).shown;
    }),

    giveConsent: bind(routes.giveConsent, async ({ actor, body, http, audit }) => {
      demandOwn(actor);
      const { userId } = actor;
      const text = consentTextFor(body.locale);
      // Nobody agrees to what he was not shown: the page shows the text in force and asks again.
      if (body.version !== text.shown.version || body.hash !== text.shown.hash)
        throw new AppError('outdated');
      await audit({
        action: body.decision === 'given' ? 'consent.given' : 'consent.refused',
        targetType: 'user',
        targetId: userId,
        detail: { version: body.version, hash: body.hash, locale: body.locale },
      });
      await choose(userId, body.decision, text, http.address);
      return standing(userId);
    }),

    withdrawConsent: bind(routes.withdrawConsent, async ({ actor, body, http, audit }) => {
      demandOwn(actor);
      const { userId } = actor;
      await audit({
        action: 'consent.withdrawn',
        targetType: 'user',
        targetId: userId,
        detail: { version: consentVersion },
      });
      await choose(userId, 'withdrawn', consentTextFor(body.locale), http.address);
      return standing(userId);
    }),

    beginFace: bind(routes.beginFace, async ({ actor, body, audit }) => {
      demandOwn(actor);
      const { userId } = actor;
      const challenge = await enrolment.begin(userId, body);
      if (body.replace && (await getFaceEnrolment(db, userId)))
        await audit({ action: 'face.replacement-begun', targetType: 'user', targetId: userId });
      return challenge;
    }),

    sendFrame: bind(
      routes.sendFrame,
      async ({ actor, params, body, audit }) => {
        demandOwn(actor);
        const { userId } = actor;
        const { replaced, ...verdict } = await enrolment.frame(userId, { ...params, picture: body });
        if (verdict.kind === 'done') {
          await audit({
            action: replaced ? 'face.replaced' : 'face.enrolled',
            targetType: 'user',
            targetId: userId,
          });
          askSoon();
        }
        return verdict;
      },
      { limit: 'frames' },
    ),
  };
}
