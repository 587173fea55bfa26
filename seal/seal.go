// Package seal holds everything secret in bakfs: the recovery key, the keys derived from it, the sealing of
// whole files with random access, the names of chunks, and the keys of devices. FORMAT.md has the bytes.
//
// What always holds:
//   - No plaintext leaves the package before its block is authenticated, and no block is opened before the
//     key commitment of its object is compared.
//   - An object opens only at the place it was sealed for: class, epoch, repository and, in a journal, device
//     and sequence number.
//   - A key of an object seals that one object; there is no counter to keep anywhere.
//   - Nothing that holds a key can be printed: every verb, String and JSON or text encoding give "[key]".
package seal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrTampered says that a block, a length, a form or a signature is wrong: the bytes are not what was written.
	ErrTampered = errors.New("damaged or changed")

	// ErrKey says that a key commitment differs: the object was sealed with another key, or it or its header was
	// made for another place. The two cannot be told apart.
	ErrKey = errors.New("sealed with another key or for another place")

	// ErrVersion says that the bytes are of a version, class or flag that this bakfs does not know.
	ErrVersion = errors.New("written by a newer bakfs")
)

// RepositoryID is the random identity of a repository. It is public: every object's header shows it.
type RepositoryID [16]byte

// NewRepositoryID returns a fresh random identity.
func NewRepositoryID() RepositoryID {
	var id RepositoryID
	rand.Read(id[:]) // never fails: the runtime stops the program instead
	return id
}

// String returns the identity in hex.
func (r RepositoryID) String() string { return hex.EncodeToString(r[:]) }

// DeviceID is the random identity of a device. It stands only inside sealed data and local state.
type DeviceID [16]byte

// String returns the identity in hex.
func (d DeviceID) String() string { return hex.EncodeToString(d[:]) }

// Pseudonym is the public name of a device's folder in the journal. Without the keys it tells nothing of the device.
type Pseudonym [16]byte

// String returns the pseudonym in hex.
func (p Pseudonym) String() string { return hex.EncodeToString(p[:]) }

// ID is the name of a chunk: a keyed hash of its type and plaintext. It stands only inside sealed data and the
// local index.
type ID [32]byte

// String returns the name in hex.
func (i ID) String() string { return hex.EncodeToString(i[:]) }

// Hash is the SHA-256 of an object's file. It is public: files are named by it.
type Hash [32]byte

// String returns the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ChunkType says what a chunk is of. It goes into the chunk's name, so one type never passes for another.
type ChunkType uint8

// The types of chunks.
const (
	Content ChunkType = 1 // content of files
	Tree    ChunkType = 2 // a node of a directory
	List    ChunkType = 3 // a node of an extent list
)

// secret is embedded by value in every type that holds a key, and keeps it out of any output. fmt calls no methods
// on an unexported field of a caller's struct, and follows a pointer there when the verb does not fit; it never
// follows a pointer to a pointer.
type secret[T any] struct{ at **T }

func hide[T any](v *T) secret[T] { return secret[T]{&v} }

func (s secret[T]) get() *T { return *s.at }

const redaction = "[key]"

// String returns "[key]".
func (secret[T]) String() string { return redaction }

// GoString returns "[key]".
func (secret[T]) GoString() string { return redaction }

// Format writes "[key]" for every verb and flag.
func (secret[T]) Format(s fmt.State, _ rune) { io.WriteString(s, redaction) }

// MarshalJSON returns "[key]" as a JSON string.
func (secret[T]) MarshalJSON() ([]byte, error) { return []byte(`"` + redaction + `"`), nil }

// MarshalText returns "[key]".
func (secret[T]) MarshalText() ([]byte, error) { return []byte(redaction), nil }
