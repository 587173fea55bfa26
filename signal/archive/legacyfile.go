package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"bakfs/signal"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

// A legacyFile is an open legacy file.
type legacyFile struct {
	file    *os.File
	reader  *legacy.Reader
	when    signal.Millis
	history *legacy.History // as it was before the media were known; nil when it was told
}

// openLegacy opens a legacy file and reads it once to see whose it is; its
// media are left for later.
func (b *Backup) openLegacy(ctx context.Context, path string, aci signal.ServiceID, key string) error {
	pass, err := legacy.ParsePassphrase(key)
	if err != nil {
		return err
	}
	o := &legacyFile{when: signal.Millis(max(b.Time.UnixMilli(), 0))}
	if o.file, err = modern.OpenFile(os.OpenFile, path); err != nil {
		return err
	}
	info, err := o.file.Stat()
	if err == nil {
		o.reader, err = legacy.Open(o.file, info.Size(), pass)
	}
	if err == nil {
		err = o.introduce(ctx, b, aci, pass)
	}
	if err != nil {
		o.close()
		return err
	}
	b.original, b.size, b.keys = o, info.Size(), signal.NewSecret(string(o.reader.Keys().Bytes()))
	return nil
}

func (o *legacyFile) introduce(ctx context.Context, b *Backup, aci signal.ServiceID, pass signal.Secret) error {
	h, err := legacy.NewHistory(ctx, o.reader, nil, o.when)
	if err != nil {
		return err
	}
	o.history = h
	in := introduction{info: *h.Info()}
	f, err := h.Next()
	if err != nil && err != io.EOF {
		return err
	}
	if f != nil {
		in.account, _ = f.Item.(*signal.Account)
	}
	if _, told := h.Owner(); told.Ok && aci != "" && told.V != aci {
		return ErrOtherAccount
	} else if told.Ok {
		aci = told.V
	}
	b.known(in, aci, func() string { return standIn(h, in, pass) })
	return nil
}

// standIn names the account of a file that does not tell its id. Nothing here
// lets a guess of the passphrase be checked for less than the rounds that Signal
// makes everybody do.
func standIn(h *legacy.History, in introduction, pass signal.Secret) string {
	if n := h.OwnerNumber(); n.Ok && n.V != 0 {
		return fmt.Sprintf("+%d", n.V)
	}
	if key := in.profileKey(); key != "" {
		return unknownAccount(key)
	}
	k, err := legacy.DeriveKeys(pass, []byte("bakfs/v1 account"))
	if err != nil {
		panic("bakfs/signal/archive: " + err.Error()) // only for a length that HKDF cannot give
	}
	return unknownAccount(string(k.Bytes()))
}

func (o *legacyFile) close() error { return o.file.Close() }

// store implements original: first the file is taken apart, then the history
// in it is told.
func (o *legacyFile) store(s *storer) error {
	a := &apart{s: s, crew: newCrew(s.ctx), layout: legacy.NewLayout(o.reader.Header()), claimed: make(map[[32]byte]bool)}
	a.frames = newFeed(s.ctx, s.tree, legacyFrames, s.backup.Time)
	o.reader.Rewind()
	err := a.run(o.reader)
	if err2 := a.crew.wait(); err == nil {
		err = err2
	}
	if err = a.frames.end(err); err != nil {
		return err
	}
	if err := a.finish(); err != nil {
		return err
	}
	return o.tell(s, a.media)
}

// tell stores the records that the history is made into.
func (o *legacyFile) tell(s *storer, media []legacy.Media) error {
	h := o.history
	if o.history = nil; h == nil {
		var err error
		if h, err = legacy.NewHistory(s.ctx, o.reader, nil, o.when); err != nil {
			return err
		}
	}
	h.Begin(media)
	if err := s.begin(signal.Append(nil, h.Info())); err != nil {
		return err
	}
	for {
		f, err := h.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := s.made(f); err != nil {
			return err
		}
		if s.report.Records&0xfff == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
	}
	if err := s.avatars(h, media); err != nil {
		return err
	}
	r := h.Report()
	s.report.Unknown += r.UnknownFrames
	if r.BadRows > 0 {
		s.report.Damaged += r.BadRows
		s.report.lost(fmt.Errorf("%d rows: %w", r.BadRows, signal.ErrBadRecord))
	}
	return nil
}

// apart takes a legacy file apart into the files from which it can be made
// again.
type apart struct {
	s      *storer
	crew   *crew
	frames *feed
	layout *legacy.Layout
	rec    []byte

	mu      sync.Mutex
	media   []legacy.Media // by the reader's number; length -1: not stored
	claimed map[[32]byte]bool
}

// run goes through the file once.
func (a *apart) run(r *legacy.Reader) error {
	for {
		if err := context.Cause(a.crew.ctx); err != nil {
			return err
		}
		f, err := r.Next()
		if done, err := a.ended(err); done || err != nil {
			return err
		}
		if err != nil {
			continue
		}
		a.rec = legacy.AppendRecord(a.rec[:0], f.Data)
		if _, err := a.frames.Write(a.rec); err != nil {
			return err
		}
		a.layout.Frame(len(f.Data))
		if f.Blob != nil {
			if err := a.blob(f.Blob); err != nil {
				return err
			}
		}
	}
}

// ended says what an error of the reader means: done if nothing follows.
func (a *apart) ended(err error) (done bool, _ error) {
	var damage *legacy.DamageError
	switch {
	case err == nil:
		return false, nil
	case err == io.EOF:
		return true, nil
	case errors.Is(err, legacy.ErrTruncated):
		a.s.cutShort(err)
		return true, nil
	case errors.As(err, &damage):
		a.s.whole = false
		a.s.report.Damaged += int64(damage.Parts)
		a.s.report.lost(err)
		return damage.Lost, nil
	}
	return true, err
}

// inMemory is the length of a blob up to which it is read into memory whole.
const inMemory = 8 << 20

// blob stores the blob behind a frame. One that is damaged is left out, and
// the layout is then not that of the file.
func (a *apart) blob(b *legacy.Blob) error {
	in, mac, err := b.Open()
	if err != nil {
		return a.lost(b, err)
	}
	a.add(b.Index)
	if b.Length > inMemory {
		err = a.large(b, in, mac)
	} else {
		data := make([]byte, b.Length)
		if _, err = io.ReadFull(in, data); err == nil {
			a.layout.Blob(b.Length, mac)
			a.crew.do(func(ctx context.Context) error { return a.small(ctx, b.Index, data) })
		}
	}
	return err
}

// add makes room for what becomes known of a blob.
func (a *apart) add(index int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.media) <= index {
		a.media = append(a.media, legacy.Media{Size: -1})
	}
}

// claim notes what a blob is. It returns false if the same was claimed before.
func (a *apart) claim(index int, hash [32]byte, size int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.media[index] = legacy.Media{Hash: hash, Size: size}
	first := !a.claimed[hash]
	a.claimed[hash] = true
	return first
}

// lost reports a blob that is damaged or cut off; other errors are returned.
func (a *apart) lost(b *legacy.Blob, err error) error {
	if !errors.Is(err, legacy.ErrDamaged) && !errors.Is(err, legacy.ErrTruncated) {
		return err
	}
	a.s.whole = false
	if errors.Is(err, legacy.ErrTruncated) {
		return nil // the next frame tells
	}
	a.s.report.DamagedMedia++
	a.s.report.lost(err)
	return nil
}

// small stores a blob that is in memory.
func (a *apart) small(ctx context.Context, index int, data []byte) error {
	hash := sha256.Sum256(data)
	if !a.claim(index, hash, int64(len(data))) {
		return nil
	}
	name := hex.EncodeToString(hash[:])
	if ok, err := a.reuse(ctx, name); ok || err != nil {
		return err
	}
	return a.s.writeBytes(ctx, name, data)
}

func (a *apart) reuse(ctx context.Context, name string) (bool, error) {
	size, ok, err := a.s.tree.Reuse(ctx, mediaPath(name))
	if ok && err == nil {
		a.s.stored(size)
	}
	return ok, err
}

// large stores a blob that is read twice: its name is known at its end only.
// Its MAC was good, so what fails now is not the blob's own damage.
func (a *apart) large(b *legacy.Blob, in io.Reader, mac legacy.MAC) error {
	h := sha256.New()
	if _, err := io.CopyBuffer(h, in, make([]byte, 256<<10)); err != nil {
		return err
	}
	a.layout.Blob(b.Length, mac)
	hash := [32]byte(h.Sum(nil))
	if !a.claim(b.Index, hash, b.Length) {
		return nil
	}
	name := hex.EncodeToString(hash[:])
	if ok, err := a.reuse(a.crew.ctx, name); ok || err != nil {
		return err
	}
	in, _, err := b.Open()
	if err != nil {
		return err
	}
	watch := &watchedReader{r: in}
	lost, err := a.s.writeMedia(a.crew.ctx, name, watch)
	if err == nil && lost == nil {
		a.s.stored(watch.n)
	}
	return errors.Join(lost, err)
}

// finish stores the layout and the list of blobs.
func (a *apart) finish() error {
	layout, err := a.layout.AppendBinary(nil)
	if err != nil { // the file is so large that it cannot be made again
		a.s.whole = false
		a.s.report.lost(err)
		return nil
	}
	if err := a.s.file(legacyLayout, layout); err != nil {
		return err
	}
	blobs := []byte(blobsMagic)
	for _, m := range a.media {
		if m.Size >= 0 {
			blobs = appendBlob(blobs, m)
		}
	}
	return a.s.file(legacyBlobs, blobs)
}
