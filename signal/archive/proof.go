package archive

import (
	"context"
	"errors"
	"io"
	"strings"

	"bakfs/signal"
)

// A Proof is what only backups of one account have in common, and nobody knows who
// does not have them: secrets, "" where there is none.
type Proof struct {
	Keys    signal.Secret // of a folder or a main
	Profile signal.Secret // the owner's profile key
}

// proofRecords is how many records are looked at for the account, which comes first.
const proofRecords = 64

// Proof reads what the archive has to show of whose it is. No message is read.
func (a *Archive) Proof(ctx context.Context) (p Proof, err error) {
	if a.envelope.Format == Modern || a.envelope.Format == Main {
		p.Keys = a.envelope.Keys
	}
	r, err := a.Head(ctx)
	if err != nil {
		return p, err
	}
	defer r.Close()
	for n := range proofRecords {
		rec, err := r.Next()
		if err == io.EOF || errors.Is(err, ErrArchive) {
			return p, nil
		}
		if err != nil {
			return p, err
		}
		var f signal.Frame
		if n == 0 || signal.Unmarshal(rec, &f) != nil {
			continue
		}
		if account, ok := f.Item.(*signal.Account); ok {
			if key := account.ProfileKey.Reveal(); len(key) == 32 && strings.Trim(key, "\x00") != "" {
				p.Profile = account.ProfileKey
			}
			return p, nil
		}
	}
	return p, nil
}
