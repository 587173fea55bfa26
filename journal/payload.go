package journal

import (
	"bytes"
	"encoding/binary"

	"bakfs/seal"
)

// Targets is what an entry of the kinds Forget, Mark, Sweep, Checkpoint and
// Unmark names.
type Targets struct {
	Mark  seal.Hash   // of the mark's file; Sweep and Unmark
	Names []seal.Hash // snapshots or packs, sorted strictly; all but Unmark
}

// Payload encodes t for an entry of kind k. t.Names must be sorted without doubles.
func (t Targets) Payload(k Kind) []byte {
	var b []byte
	if k == Sweep || k == Unmark {
		b = append(b, t.Mark[:]...)
	}
	if k == Unmark {
		return b
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(t.Names)))
	for _, n := range t.Names {
		b = append(b, n[:]...)
	}
	return b
}

// ParseTargets is the inverse of Payload. Other kinds than those of Targets have
// nothing to parse and give an error.
func ParseTargets(k Kind, payload []byte) (Targets, error) {
	var t Targets
	r := reader{rest: payload}
	switch k {
	case Sweep, Unmark:
		copy(t.Mark[:], r.bytes(32))
	case Forget, Mark, Checkpoint:
	default:
		return t, formError("kind %d names nothing", k)
	}
	if k != Unmark {
		t.Names = parseNames(&r)
	}
	if len(r.rest) > 0 {
		r.fail("payload goes on")
	}
	if r.err != nil {
		return Targets{}, r.err
	}
	return t, nil
}

func parseNames(r *reader) []seal.Hash {
	raw := r.bytes(32 * uint64(r.u32()))
	var names []seal.Hash
	for ; len(raw) > 0; raw = raw[32:] {
		n := seal.Hash(raw[:32])
		if len(names) > 0 && bytes.Compare(names[len(names)-1][:], n[:]) >= 0 {
			r.fail("payload is not sorted")
			return nil
		}
		names = append(names, n)
	}
	return names
}

// checkPayload holds the shape of every kind's payload but Snapshot's, which
// belongs to package snapshot.
func checkPayload(k Kind, payload []byte) error {
	switch k {
	case Snapshot:
		return nil
	case Enrol, Heartbeat:
		if len(payload) > 0 {
			return formError("payload goes on")
		}
		return nil
	}
	_, err := ParseTargets(k, payload)
	return err
}
