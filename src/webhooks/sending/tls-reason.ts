import { errorMessage } from '../../resilience/error-code.js';

const TLS_REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is signed by itself, not by an authority that is trusted here.',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not trusted here.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it does not send the certificates between its own and the authority.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not trusted here.',
  CERT_HAS_EXPIRED: 'its certificate has expired.',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name.',
  EPROTO: 'it does not speak TLS, or none that is safe.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS.',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS.',
};

/** Why a TLS handshake failed: the end of a sentence. */
export function tlsReason(code: string, thrown: unknown): string {
  return TLS_REASONS[code] ?? `${errorMessage(thrown)}.`;
}
