declare module 'virtual:contract' {
  type Routes = import('@keshi/contract/http/routes').Routes;

  /** Method, path and access of every route of the contract. */
  export const routes: { readonly [K in keyof Routes]: Pick<Routes[K], 'method' | 'path' | 'access'> };
  /** The contract's limits on texts. */
  export const limits: typeof import('@keshi/contract/signaling').limits;
}
