package modern

import (
	"io"
	"mime"
	"path"
	"strings"

	"bakfs/signal"
)

// ExportOptions say what an export holds. The zero value is what Signal's own
// export holds, without the PIN.
type ExportOptions struct {
	Disappearing bool // keep messages with a timer, and view-once media
	PIN          bool // keep the owner's PIN
}

// An ExportWriter writes main.jsonl: a line for each record. Buffer what it
// writes to.
type ExportWriter struct {
	w       io.Writer
	options ExportOptions
	first   bool
	line    []byte
}

// NewExportWriter returns a writer of an export to w.
func NewExportWriter(w io.Writer, options ExportOptions) *ExportWriter {
	return &ExportWriter{w: w, options: options, first: true}
}

// Write writes one record: the BackupInfo first, then frames. What has no form
// in an export is left out: frames and fields of an unknown kind.
func (e *ExportWriter) Write(rec []byte) error {
	if e.first {
		var info signal.BackupInfo
		if err := signal.Unmarshal(rec, &info); err != nil {
			return err
		}
		return e.WriteInfo(&info)
	}
	f := new(signal.Frame)
	if err := signal.Unmarshal(rec, f); err != nil {
		return err
	}
	return e.WriteFrame(f)
}

// WriteInfo writes the first line.
func (e *ExportWriter) WriteInfo(info *signal.BackupInfo) error {
	e.first = false
	return e.write(info)
}

// WriteFrame writes the line of one frame, or none if the export leaves it
// out. It does not change f.
func (e *ExportWriter) WriteFrame(f *signal.Frame) error {
	if f = e.options.keep(f); f == nil {
		return nil
	}
	return e.write(f)
}

// keep returns what an export has of f, nil if nothing. It does not change f.
func (o ExportOptions) keep(f *signal.Frame) *signal.Frame {
	switch item := f.Item.(type) {
	case nil:
		return nil
	case *signal.Account:
		if !o.PIN {
			account := *item
			account.SVRPIN = signal.Secret{}
			return &signal.Frame{Item: &account}
		}
	case *signal.ChatItem:
		if !o.Disappearing {
			kept := lasting(item)
			if kept == nil {
				return nil
			}
			return &signal.Frame{Item: kept}
		}
	}
	return f
}

// lasting returns item without what disappears, nil if that is all of it.
func lasting(item *signal.ChatItem) *signal.ChatItem {
	if item.ExpiresInMs.V != 0 {
		return nil
	}
	kept := *item
	if len(item.Revisions) > 0 {
		kept.Revisions = nil
		for i := range item.Revisions {
			if r := lasting(&item.Revisions[i]); r != nil {
				kept.Revisions = append(kept.Revisions, *r)
			}
		}
	}
	if once, ok := item.Body.(*signal.ViewOnceMessage); ok && once.Attachment != nil {
		empty := *once
		empty.Attachment = nil
		kept.Body = &empty
	}
	return &kept
}

func (e *ExportWriter) write(m signal.Message) error {
	e.line = append(signal.AppendJSON(e.line[:0], m), '\n')
	_, err := e.w.Write(e.line)
	return err
}

// AppendExportMetadata appends the content of metadata.json.
func AppendExportMetadata(b []byte) []byte {
	return signal.AppendJSON(b, &signal.ExportMetadata{Version: 1})
}

// ExportMediaPath returns where an export has the file of p, with slashes;
// ok is false if there is none. The extension is that of the sender's name
// for the file, else made from its type, else bin; the sender has no other
// say in the path.
func ExportMediaPath(p *signal.FilePointer) (name string, ok bool) {
	if name, ok = MediaName(p.Locator); !ok {
		return "", false
	}
	ext := safeExtension(path.Ext(p.FileName.V))
	if ext == "" {
		kind, _, err := mime.ParseMediaType(p.ContentType.V)
		if _, sub, found := strings.Cut(kind, "/"); found && err == nil {
			ext = safeExtension("." + sub)
		}
	}
	if ext == "" {
		ext = ".bin"
	}
	return mediaPath(name) + ext, true
}

// safeExtension returns ext if it is short and of ASCII letters and digits.
func safeExtension(ext string) string {
	if len(ext) < 2 || len(ext) > 12 {
		return ""
	}
	for _, c := range []byte(ext[1:]) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+') {
			return ""
		}
	}
	return ext
}
