package modern

import (
	"io"

	"bakfs/signal"
)

// AppendFilesRecord appends one record of the list of media of a snapshot.
func AppendFilesRecord(b []byte, name string) []byte {
	rec := signal.Append(nil, &signal.FilesFrame{MediaName: signal.Some(name)})
	return append(append(b, byte(len(rec))), rec...)
}

// ReadFilesList reads the list of media of a snapshot. It is not encrypted and
// nothing proves it, so it is for counting and copying only; it may be absent
// or hold a part. Records of other kinds are left out.
func ReadFilesList(r io.Reader) (names []string, err error) {
	for records := signal.NewRecordReader(r); ; {
		rec, err := records.Next()
		if err == io.EOF {
			return names, nil
		}
		if err != nil {
			return names, err
		}
		var f signal.FilesFrame
		if err := signal.Unmarshal(rec, &f); err != nil {
			return names, err
		}
		if isMediaName(f.MediaName.V) {
			names = append(names, f.MediaName.V)
		}
	}
}

// isMediaName keeps everything out that is no name of a media file, paths above all.
func isMediaName(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}
