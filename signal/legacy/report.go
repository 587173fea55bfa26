package legacy

import "slices"

// A Report is what a History did not show, and why. The frames have it all.
type Report struct {
	DatabaseVersion int      // as the app counts
	Rows            int64    // of tables that are known
	BadRows         int64    // that do not fit their table or could not be read
	Damaged         int64    // frames and blobs that were left out
	First           []error  // about the damaged ones, up to a hundred
	Truncated       bool     // the file ends too early
	UnknownFrames   int64    // frames of a kind that this package does not know
	UnknownTables   []string // up to a hundred
	Stories         int64    // messages that are no part of a chat
	Scheduled       int64    // messages that were not sent yet
	Drafts          int64
	OwnerGuessed    bool // the file does not say whose it is
}

// maxListed bounds the lists of a report.
const maxListed = 100

func (r *Report) damaged(err *DamageError) {
	r.Damaged += int64(err.Parts)
	if len(r.First) < maxListed {
		r.First = append(r.First, err)
	}
}

// create notes a table of which nothing is shown.
func (r *Report) create(name string) {
	if roles[name] == nil && len(r.UnknownTables) < maxListed && !slices.Contains(r.UnknownTables, name) {
		r.UnknownTables = append(r.UnknownTables, name)
	}
}
