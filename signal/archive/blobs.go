package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"bakfs/signal/legacy"
)

// blobsMagic begins the list of the blobs of a legacy file: for each one in
// the layout 32 bytes SHA-256 and u64 length.
const blobsMagic = "legacy blobs 1\n"

const blobSize = 32 + 8

func appendBlob(b []byte, m legacy.Media) []byte {
	return binary.BigEndian.AppendUint64(append(b, m.Hash[:]...), uint64(m.Size))
}

func parseBlobs(b []byte) ([]legacy.Media, error) {
	rest, ok := bytes.CutPrefix(b, []byte(blobsMagic))
	if !ok || len(rest)%blobSize != 0 {
		return nil, fmt.Errorf("%s: %w", legacyBlobs, ErrArchive)
	}
	list := make([]legacy.Media, 0, len(rest)/blobSize)
	for ; len(rest) > 0; rest = rest[blobSize:] {
		m := legacy.Media{Hash: [32]byte(rest), Size: int64(binary.BigEndian.Uint64(rest[32:]))}
		if m.Size < 0 {
			return nil, fmt.Errorf("%s: %w", legacyBlobs, ErrArchive)
		}
		list = append(list, m)
	}
	return list, nil
}
