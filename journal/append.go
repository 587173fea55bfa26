package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bakfs/seal"
)

// Append writes the next entry of d's log, after a Refresh, and returns it. It
// is durable then. The caller holds the device's lock, so that no other process
// appends to the same log.
//
// It refuses with ErrBehind when entries of d are known that are not in the
// folder, and with ErrFork when d's log has two versions. An Entry together
// with an error: the entry is written, but the marks file is not.
func (j *Journal) Append(ctx context.Context, d *seal.Device, k Kind, payload []byte, now time.Time) (Entry, error) {
	if err := j.take(ctx); err != nil {
		return Entry{}, err
	}
	defer func() { <-j.turn }()
	problems, err := j.refresh(ctx)
	if err != nil {
		return Entry{}, err
	}
	c, err := j.next(d, k, problems)
	if err != nil {
		return Entry{}, fmt.Errorf("journal: %w", err)
	}
	c.kind, c.payload, c.time = k, payload, now.UnixNano()
	if err := c.check(); err != nil {
		return Entry{}, fmt.Errorf("journal: %w", err)
	}
	f, raw, err := j.sealEntry(d, c)
	if err != nil {
		return Entry{}, fmt.Errorf("journal: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return Entry{}, err
	}
	if err := j.folder.Write(f.place.path(), f.place.pseudonym.String(), raw); err != nil {
		return Entry{}, fmt.Errorf("journal: %w", err)
	}
	j.keep(f)
	j.rebuild(j.view.foreign)
	if err := j.saveMarks(); err != nil {
		return f.entry, fmt.Errorf("the entry is written, but not the marks: %w", err)
	}
	return f.entry, nil
}

// Ready tells, after a Refresh, why Append would refuse an entry of d; nil: it would not.
func (j *Journal) Ready(ctx context.Context, d *seal.Device, k Kind) error {
	if err := j.take(ctx); err != nil {
		return err
	}
	defer func() { <-j.turn }()
	problems, err := j.refresh(ctx)
	if err != nil {
		return err
	}
	if _, err := j.next(d, k, problems); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// next gives the place of d's next entry in the chain, and what it has seen.
func (j *Journal) next(d *seal.Device, k Kind, problems []Problem) (*content, error) {
	cert, err := j.keys.ParseCertificate(d.Certificate().Bytes())
	if err != nil {
		return nil, fmt.Errorf("the device is not enrolled in this repository: %w", err)
	}
	c := &content{repository: j.keys.Repository(), device: d.ID, cert: cert.Bytes()}
	own := j.keys.Pseudonym(d.ID)
	for _, p := range problems {
		if p.Name == j.marksPath && !errors.Is(p.Err, errMarks) {
			return nil, p.Err
		}
		if (errors.Is(p.Err, ErrFork) || errors.Is(p.Err, seal.ErrVersion)) && strings.Contains(p.Name, own.String()) {
			return nil, fmt.Errorf("%s: %w", p.Name, p.Err)
		}
	}
	last, err := j.lastOwn(own, d.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case last == nil && k != Enrol:
		return nil, fmt.Errorf("the device's first entry is not in the folder: %w", ErrBehind)
	case last != nil && k == Enrol:
		return nil, errors.New("the device is enrolled already")
	case last != nil && last.public != cert.Public:
		return nil, errors.New("the device's log in the folder is of another key")
	case last != nil:
		c.seq, c.prev = last.entry.Seq+1, last.entry.Hash
	case len(j.view.devices) >= maxDevices:
		return nil, fmt.Errorf("the repository has %d devices, the most there can be", maxDevices)
	}
	c.seen = j.seen(d.ID)
	return c, nil
}

// lastOwn is the newest entry in the folder of one device; nil: it has none.
// The error is ErrBehind if anything is known of a newer one, and another one
// if nobody can know.
func (j *Journal) lastOwn(own seal.Pseudonym, id seal.DeviceID) (*file, error) {
	c := j.chains[own]
	if c == nil {
		c = &chain{pseudonym: own}
	}
	var last *file
	known := int64(-1)
	for _, f := range c.files {
		known = int64(f.entry.Seq)
		if f.present {
			last = f
		}
	}
	if c.unlisted {
		return nil, fmt.Errorf("the device's log cannot be listed: %w", j.causes[own.String()])
	}
	if c.marked {
		known = max(known, int64(c.mark.seq))
	}
	cause := "others or the marks say so"
	for n := range c.closedAt {
		if n := int64(min(n, maxEntries)); n > known {
			known, cause = n, "a file of that number in its log cannot be opened"
		}
	}
	for _, e := range j.view.entries {
		for _, s := range e.Seen {
			if s.Device == id {
				known = max(known, int64(min(s.Seq, maxEntries)))
			}
		}
	}
	here := int64(-1)
	if last != nil {
		here = int64(last.entry.Seq)
	}
	if here < known {
		return nil, fmt.Errorf("entry %d of this device is known, but the newest good one here is %d (%s): %w", known, here, cause, ErrBehind)
	}
	return last, nil
}

// seen is the newest entry known of every device but one, also of those whose
// entries have vanished: so the others learn of it.
func (j *Journal) seen(but seal.DeviceID) []Seen {
	var list []Seen
	for _, c := range j.chains {
		if c.device == but || len(c.files) == 0 && !c.marked {
			continue
		}
		s := Seen{Device: c.device, Seq: c.mark.seq, Hash: c.mark.hash}
		if len(c.files) > 0 && (!c.marked || c.last().entry.Seq > c.mark.seq) {
			s.Seq, s.Hash = c.last().entry.Seq, c.last().entry.Hash
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Seen) int { return bytes.Compare(a.Device[:], b.Device[:]) })
	return list
}

// sealEntry signs, pads and seals c.
func (j *Journal) sealEntry(d *seal.Device, c *content) (*file, []byte, error) {
	signed := c.appendSigned(nil)
	size, err := seal.FileSize(seal.ClassEntry, int64(len(signed)+sigSize))
	if err != nil {
		return nil, nil, err
	}
	room, err := seal.PlaintextSize(size)
	if err != nil {
		return nil, nil, err
	}
	plain := make([]byte, room)
	copy(plain[copy(plain, signed):], d.Sign(signed))
	own := j.keys.Pseudonym(c.device)
	raw, err := j.keys.Seal(seal.Place{Class: seal.ClassEntry, Pseudonym: own, Seq: c.seq}, plain)
	if err != nil {
		return nil, nil, err
	}
	hash := seal.Hash(sha256.Sum256(raw))
	f := &file{place: placeOf(own, c.seq, hash), present: true}
	cert := d.Certificate()
	f.entry, f.public = entryOf(*c, cert.Name, hash), cert.Public
	return f, raw, nil
}
