import { isIP } from 'node:net';
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  type DetailedPeerCertificate,
  type TLSSocket,
} from 'node:tls';

/** How a connection is encrypted, and whose certificate is taken. */
export interface ClientTls {
  /** Certificates of the authorities that are trusted, in PEM, instead of those of Node.js. */
  readonly ca?: string | readonly string[];
  /** The name that the certificate must be of, if not the host of the address. */
  readonly serverName?: string;
  /**
   * Looks at a certificate that all else is well with, as one that is known by its fingerprint: gives why it is not
   * taken, or null.
   */
  readonly checkCertificate?: (certificate: DetailedPeerCertificate) => string | null;
}

/** The certificate of a node is not one that is taken. */
export class CertificateError extends Error {}

/** The options of Node.js; the check there is made before anything is sent. */
export function tlsOptions({ ca, serverName, checkCertificate }: ClientTls): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    checkServerIdentity: (host, certificate) => {
      const wrongName = checkServerIdentity(serverName ?? host, certificate);
      if (wrongName !== undefined) return wrongName;
      const why = checkCertificate?.(certificate as DetailedPeerCertificate) ?? null;
      return why === null ? undefined : new CertificateError(why);
    },
  };
}

/** A connection that is encrypted. What is written before it is agreed on how waits. */
export function dialTls(host: string, port: number, tls: ClientTls): TLSSocket {
  const named = tls.serverName === undefined && isIP(host) === 0 ? { servername: host } : {};
  return connect({ host, port, ...named, ...tlsOptions(tls) })
    .setNoDelay(true)
    .setKeepAlive(true);
}

/** By the code of Node.js, which is that of OpenSSL: why a certificate is not taken, in words; that of an authority could be. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself, and not given as an authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not one that is trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not one that is trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not one that is trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not one that is trusted',
};
const INVALID: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is of another name',
};

/** Why no connection to a node came about. */
export interface TlsFailure {
  readonly message: string;
  /** Whether it would be so the next time too. */
  readonly isFinal: boolean;
  /** Whether no authority of the certificate is trusted. */
  readonly isUntrusted: boolean;
}

/** What is wrong where encryption is why there is no connection; null for another error. */
export function tlsFailure(error: Error): TlsFailure | null {
  const { code: own } = error as { code?: unknown };
  // That of an aborted wait is a number.
  const code = typeof own === 'string' ? own : '';
  if (error instanceof CertificateError) return refusedBy(error.message);
  if (Object.hasOwn(UNTRUSTED, code)) return { ...refusedBy(UNTRUSTED[code]), isUntrusted: true };
  if (Object.hasOwn(INVALID, code)) return refusedBy(INVALID[code]);
  // Told as an error of the system or of the library, by whether it was found while reading or writing.
  if (/wrong version number|packet length too long/.test(error.message))
    return { message: 'what answers there does not encrypt', isFinal: true, isUntrusted: false };
  if (!code.startsWith('ERR_SSL_')) return null;
  return { message: `no encryption: ${error.message}`, isFinal: false, isUntrusted: false };
}

function refusedBy(why: string): TlsFailure {
  return { message: `the certificate of the node is not taken: ${why}`, isFinal: true, isUntrusted: false };
}
