import type { Random } from "../base/host.ts";
import type { EncryptionVersion } from "../wire/cipher.ts";
import { compoundOverheadBytes } from "../wire/compound.ts";
import { createLabel, type Label } from "../wire/label.ts";
import { type Opening, type Sealing, sealingOverheadBytes } from "../wire/packet-envelope.ts";
import { encryptionVersionOf } from "../wire/versions.ts";
import type { Keyring } from "./keyring.ts";
import type { MemberlistOptions } from "./options.ts";

const noKeys: readonly Uint8Array[] = [];

/**
 * What everything that leaves is wrapped in, and what everything that arrives must be wrapped in. Asked anew for every
 * packet and stream, because keys change while the node runs.
 */
export class EnvelopePolicy {
  private readonly options: MemberlistOptions;
  private readonly keyring: Keyring | undefined;
  private readonly random: Random;
  private readonly label: Label;
  private readonly encryptionVersion: EncryptionVersion;

  /** Throws INVALID_OPTION for a label that is too long. */
  constructor(options: MemberlistOptions, keyring: Keyring | undefined, random: Random) {
    this.options = options;
    this.keyring = keyring;
    this.random = random;
    this.label = createLabel(options.label, options.skipLabelCheck);
    this.encryptionVersion = encryptionVersionOf(options.protocolVersion);
  }

  opening(): Opening {
    const { label, options } = this;
    return { label, keys: this.keyring?.keys() ?? noKeys, verifyIncoming: options.verifyIncoming };
  }

  /** A node that was told not to encrypt what it sends still reads what is encrypted: clusters take up a key in that order. */
  sealing(): Sealing {
    const { encryptionVersion, label, options, random } = this;
    const keys = options.verifyOutgoing ? (this.keyring?.keys() ?? noKeys) : noKeys;
    const { compression: compress, compressedPacketBytesMin } = options;
    return { label, keys, encryptionVersion, compress, compressedPacketBytesMin, random };
  }

  /** What is left for messages in one packet, whoever receives it; each costs two bytes besides its own. */
  messageBytesMax(): number {
    return this.options.packetBytesMax - sealingOverheadBytes(this.sealing()) - compoundOverheadBytes;
  }
}
