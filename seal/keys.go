package seal

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
	"sync"
)

const (
	labelSalt      = "bakfs/v1"
	labelRoot      = "bakfs/v1 root signing"
	labelName      = "bakfs/v1 chunk name"
	labelCut       = "bakfs/v1 chunker gear aes256-ctr"
	labelEpoch     = "bakfs/v1 epoch"
	labelObject    = "bakfs/v1 object"
	labelJournal   = "bakfs/v1 journal"
	labelPseudonym = "bakfs/v1 pseudonym"
	labelTags      = "bakfs/v1 local tags"

	// currentEpoch is the epoch that version 1 writes with.
	currentEpoch = 0
	// maxEpochs bounds the epochs that readers accept: 0 to maxEpochs-1.
	maxEpochs = 1000
)

// extract is HKDF-Extract with SHA-512.
func extract(secret, salt []byte) []byte {
	prk, err := hkdf.Extract(sha512.New, secret, salt)
	if err != nil {
		panic(err) // only for hashes that a FIPS build does not allow
	}
	return prk
}

// expand is HKDF-Expand with SHA-512. It fails only for more than 16,320 bytes.
func expand(key []byte, info string, n int) ([]byte, error) {
	return hkdf.Expand(sha512.New, key, info, n)
}

// derive expands to one key.
func derive(key []byte, label string) (out [32]byte) {
	b, err := expand(key, label, len(out))
	if err != nil {
		panic(err) // 32 bytes are never too many
	}
	copy(out[:], b)
	clear(b)
	return out
}

// Root is what the recovery key gives for one repository: it makes the keys and enrols devices. It is needed only
// while the recovery key is at hand and is never stored. Safe for concurrent use.
type Root struct {
	secret[rootSecret]
}

type rootSecret struct {
	repository RepositoryID
	prk        []byte
	signing    ed25519.PrivateKey
}

// DeriveRoot derives the root keys of a repository from the recovery key.
func DeriveRoot(k RecoveryKey, repo RepositoryID) *Root {
	prk := extract(k.get()[:], append([]byte(labelSalt), repo[:]...))
	seed := derive(prk, labelRoot)
	return &Root{hide(&rootSecret{repo, prk, ed25519.NewKeyFromSeed(seed[:])})}
}

// Keys returns the keys that a device keeps. They cannot sign certificates, and the recovery key cannot be found
// from them.
func (r *Root) Keys() *Keys { return r.keysTo(currentEpoch) }

// keysTo returns the keys with the epochs 0 to newest.
func (r *Root) keysTo(newest uint32) *Keys {
	s := keySecrets{
		repository: r.get().repository,
		name:       derive(r.get().prk, labelName),
		cut:        derive(r.get().prk, labelCut),
	}
	copy(s.root[:], r.get().signing.Public().(ed25519.PublicKey))
	for e := range newest + 1 {
		label := binary.BigEndian.AppendUint32([]byte(labelEpoch), e)
		s.epochs = append(s.epochs, derive(r.get().prk, string(label)))
	}
	return newKeys(s)
}

// Keys are what a device keeps: enough to read and write everything in the repository, not to enrol devices.
// Safe for concurrent use.
type Keys struct {
	secret[keyring]
}

// keySecrets are the keys that all others follow from; the enrolment file holds them.
type keySecrets struct {
	repository RepositoryID
	name, cut  [32]byte
	root       [32]byte // the root public key
	epochs     [][32]byte
}

type keyring struct {
	keySecrets
	epoch   []epochKeys // one for each of epochs, derived once
	hashers sync.Pool   // of *hasher with the name key
}

type epochKeys struct{ object, journal, pseudonym [32]byte }

func newKeys(s keySecrets) *Keys {
	p := &keyring{keySecrets: s}
	for _, e := range s.epochs {
		p.epoch = append(p.epoch, epochKeys{
			object:    derive(e[:], labelObject),
			journal:   derive(e[:], labelJournal),
			pseudonym: derive(e[:], labelPseudonym),
		})
	}
	p.hashers.New = func() any { return newHasher(p.name[:]) }
	return &Keys{hide(p)}
}

// Repository returns the repository the keys belong to.
func (k *Keys) Repository() RepositoryID { return k.get().repository }

// Name returns the name of a chunk. It allocates nothing.
func (k *Keys) Name(t ChunkType, plaintext []byte) ID {
	h := k.get().hashers.Get().(*hasher)
	defer k.get().hashers.Put(h)
	h.prefix[0] = byte(t)
	return h.sum(h.prefix[:], plaintext)
}

// CutKey returns the key of the chunker. The caller must not print or store it.
func (k *Keys) CutKey() [32]byte { return k.get().cut }

// Pseudonym returns the name of a device's folder in the journal. It is the same in all epochs.
func (k *Keys) Pseudonym(d DeviceID) (p Pseudonym) {
	sum := newHasher(k.get().epoch[0].pseudonym[:]).sum(d[:])
	copy(p[:], sum[:])
	return p
}

// Tag returns what stands for something in the files of this machine: equal for equal things of a label, and nothing
// can be learned from it, nor guessed, without the keys. The label has no NUL.
func (k *Keys) Tag(label string, what []byte) [32]byte {
	key := derive(k.get().epochs[0][:], labelTags)
	return newHasher(key[:]).sum([]byte(label), []byte{0}, what)
}

// hasher is an HMAC-SHA-256 that is used again and again, by one goroutine at a time.
type hasher struct {
	mac    hash.Hash
	prefix [1]byte
	out    [sha256.Size]byte
}

func newHasher(key []byte) *hasher { return &hasher{mac: hmac.New(sha256.New, key)} }

// sum returns the HMAC over the parts, one behind the other.
func (h *hasher) sum(parts ...[]byte) [sha256.Size]byte {
	h.mac.Reset()
	for _, p := range parts {
		h.mac.Write(p)
	}
	h.mac.Sum(h.out[:0])
	return h.out
}
