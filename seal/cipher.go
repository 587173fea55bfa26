package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// The sealing core: C2SP chunked encryption, instance Cobblestone-256, over any input key and context.

const (
	coreLabel      = "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
	saltSize       = 24
	commitmentSize = 32
	nonceSize      = 12
	tagSize        = 16
	blockSize      = 16 << 10            // of plaintext
	sealedBlock    = blockSize + tagSize // in the file
	coreOverhead   = saltSize + commitmentSize
)

// nonce is reused memory for the nonce of one block after another. It is passed by pointer and lives with the
// caller's buffers, so that no block allocates.
type nonce [nonceSize]byte

// blockCipher seals and opens the blocks of one object. Safe for concurrent use with different nonce memory.
type blockCipher struct {
	aead cipher.AEAD
	base nonce
}

// newBlockCipher derives the cipher of an object and its key commitment.
func newBlockCipher(inputKey, salt, context []byte) (*blockCipher, [commitmentSize]byte, error) {
	var commitment [commitmentSize]byte
	if len(inputKey) != 32 || len(salt) != saltSize {
		return nil, commitment, fmt.Errorf("input key of %d bytes, salt of %d", len(inputKey), len(salt))
	}
	info := make([]byte, 0, len(coreLabel)+saltSize+contextSize)
	info = append(append(append(info, coreLabel...), salt...), context...)
	out, err := expand(inputKey, string(info), 32+nonceSize+commitmentSize)
	if err != nil {
		return nil, commitment, err
	}
	defer clear(out)
	block, err := aes.NewCipher(out[:32])
	if err != nil {
		return nil, commitment, err
	}
	c := &blockCipher{}
	if c.aead, err = cipher.NewGCM(block); err != nil {
		return nil, commitment, err
	}
	copy(c.base[:], out[32:])
	copy(commitment[:], out[32+nonceSize:])
	return c, commitment, nil
}

// openCipher is newBlockCipher for reading: head is salt and commitment, and the commitment must match.
func openCipher(inputKey, head, context []byte) (*blockCipher, error) {
	c, commitment, err := newBlockCipher(inputKey, head[:saltSize], context)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(commitment[:], head[saltSize:coreOverhead]) != 1 {
		return nil, ErrKey
	}
	return c, nil
}

// at sets n to the nonce of block k: the base XOR k as a 96-bit number.
func (c *blockCipher) at(n *nonce, k int64) []byte {
	*n = c.base
	low := n[nonceSize-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^uint64(k))
	return n[:]
}

// seal appends block k to dst.
func (c *blockCipher) seal(dst []byte, n *nonce, k int64, plaintext []byte) []byte {
	return c.aead.Seal(dst, c.at(n, k), plaintext, nil)
}

// open appends the plaintext of block k to dst. If it fails, the room behind dst holds nothing of it.
func (c *blockCipher) open(dst []byte, n *nonce, k int64, sealed []byte) ([]byte, error) {
	out, err := c.aead.Open(dst, c.at(n, k), sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", k, ErrTampered)
	}
	return out, nil
}

// bodyPlaintext returns how much plaintext n bytes of blocks hold, or -1 if blocks cannot be n bytes long.
func bodyPlaintext(n int64) int64 {
	full, rest := n/sealedBlock, n%sealedBlock
	if n < 0 || rest < tagSize {
		return -1
	}
	return full*blockSize + rest - tagSize
}

// bodySize returns how many bytes of blocks hold so much plaintext.
func bodySize(plaintext int64) int64 {
	full, rest := plaintext/blockSize, plaintext%blockSize
	return full*sealedBlock + rest + tagSize
}

// sealBody appends salt, commitment and all blocks to dst.
func sealBody(dst, inputKey, salt, context, plaintext []byte) ([]byte, error) {
	c, commitment, err := newBlockCipher(inputKey, salt, context)
	if err != nil {
		return nil, err
	}
	dst = append(append(dst, salt...), commitment[:]...)
	var n nonce
	for k := int64(0); ; k++ {
		if len(plaintext) < blockSize {
			return c.seal(dst, &n, k, plaintext), nil
		}
		dst = c.seal(dst, &n, k, plaintext[:blockSize])
		plaintext = plaintext[blockSize:]
	}
}

// openBody opens what sealBody appended.
func openBody(inputKey, context, body []byte) ([]byte, error) {
	size := bodyPlaintext(int64(len(body)) - coreOverhead)
	if size < 0 {
		return nil, fmt.Errorf("%d bytes: %w", len(body), ErrTampered)
	}
	c, err := openCipher(inputKey, body, context)
	if err != nil {
		return nil, err
	}
	out, blocks := make([]byte, 0, size), body[coreOverhead:]
	var n nonce
	for k := int64(0); len(blocks) > 0; k++ {
		sealed := blocks[:min(len(blocks), sealedBlock)]
		if out, err = c.open(out, &n, k, sealed); err != nil {
			return nil, err
		}
		blocks = blocks[len(sealed):]
	}
	return out, nil
}
