package archive

import (
	"context"
	"errors"
	"io"
	"os"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// A sealed is an open snapshot of a backup folder, or a main by itself.
type sealed struct {
	path   string // of main
	keys   modern.Keys
	folder *modern.Folder // nil: there are no media
	main   interface {
		Records(ctx context.Context) *modern.Stream
	}
	closer io.Closer
}

// openSealed opens a snapshot or a main.
func (b *Backup) openSealed(ctx context.Context, s *Source, aci signal.ServiceID, key string) error {
	k, err := modern.ParseRecoveryKey(key)
	if err != nil {
		return err
	}
	o := &sealed{path: s.path(Item{Name: b.Name}), folder: s.folder}
	var id modern.ID
	if s.Format == Modern {
		id, err = o.openSnapshot(ctx, b, k, aci)
	} else {
		id, err = o.openMain(ctx, k, aci)
	}
	if err != nil {
		return err
	}
	b.original, b.keys = o, signal.NewSecret(string(o.keys.Bytes()))
	if info, err := os.Stat(o.path); err == nil {
		b.size = info.Size()
	}
	if err := o.introduce(ctx, b, modern.NewOwnerFinder(k.BackupKey(), id), aci, id); err != nil {
		o.close()
		return err
	}
	return nil
}

func (o *sealed) openSnapshot(ctx context.Context, b *Backup, k modern.RecoveryKey, aci signal.ServiceID) (modern.ID, error) {
	m, err := o.folder.Open(ctx, b.Name, k)
	if err != nil && aci != "" && errors.Is(err, modern.ErrNoACI) {
		m, err = o.folder.OpenAs(ctx, b.Name, k, aci)
	}
	if err != nil {
		return modern.ID{}, err
	}
	if aci != "" && k.BackupKey().ID(aci) != m.ID {
		m.Close()
		return modern.ID{}, ErrOtherAccount
	}
	o.keys, o.main, o.closer = m.Keys, m, m
	b.metadata = m.Metadata
	return m.ID, nil
}

func (o *sealed) openMain(ctx context.Context, k modern.RecoveryKey, aci signal.ServiceID) (modern.ID, error) {
	if aci == "" {
		return modern.ID{}, modern.ErrNoACI
	}
	id := k.BackupKey().ID(aci)
	o.keys = k.BackupKey().Keys(id)
	m, f, err := checkMain(ctx, o.path, o.keys)
	if err != nil {
		return id, err
	}
	o.main, o.closer = m, f
	return id, nil
}

// checkMain opens a main and checks its MAC.
func checkMain(ctx context.Context, path string, keys modern.Keys) (*modern.Main, *os.File, error) {
	f, err := modern.OpenFile(os.OpenFile, path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	m, err := modern.OpenMain(ctx, f, info.Size(), keys)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return m, f, nil
}

// introduce reads as much of the records as it takes to know whose they are:
// often the recipients, all if the owner's id occurs nowhere.
func (o *sealed) introduce(ctx context.Context, b *Backup, owner *modern.OwnerFinder, aci signal.ServiceID, id modern.ID) error {
	records := o.main.Records(ctx)
	defer records.Close()
	var in introduction
	err := in.read(records, func(f *signal.Frame) bool {
		if aci == "" {
			owner.Look(f)
			aci = owner.Owner()
		}
		return aci != ""
	})
	if err != nil {
		return err
	}
	// The backup id is the account's as long as the recovery key is the same;
	// profile keys change more often.
	b.known(in, aci, func() string { return unknownAccount(string(id[:])) })
	return nil
}

func (o *sealed) close() error { return o.closer.Close() }

// store implements original.
func (o *sealed) store(s *storer) error {
	s.media.where = func(p *signal.FilePointer) string {
		if k := p.Locator.LocalKey.V.Reveal(); len(k) == 64 {
			return k
		}
		return ""
	}
	s.media.open = o.openMedia
	if o.folder != nil {
		s.media.openRetired = o.folder.RetiredMedia
	}
	s.recheck = func() error {
		_, f, err := checkMain(s.ctx, o.path, o.keys)
		if err == nil {
			f.Close()
		}
		return err
	}
	records := o.main.Records(s.ctx)
	defer records.Close()
	return s.stream(records)
}

func (o *sealed) openMedia(ctx context.Context, l *signal.Locator, key string) (io.ReadCloser, error) {
	if o.folder == nil {
		return nil, os.ErrNotExist
	}
	l.LocalKey = signal.Some(signal.NewSecret(key))
	return o.folder.Media(ctx, l)
}
