package store

import (
	"fmt"

	"bakfs/seal"
)

// A Summary is what a pack says of itself at its beginning.
type Summary struct {
	Size     int64 // of the file
	Chunks   int
	Metadata bool // it holds trees and lists; else content of files
}

// Summary reads the head of a pack, and neither its directory nor its chunks.
func (f *Folder) Summary(k *seal.Keys, name seal.Hash) (Summary, error) {
	file, err := f.Open(packPath(name))
	if err != nil {
		return Summary{}, err
	}
	defer file.Close()
	var p packFile
	info, err := file.Stat()
	if err == nil {
		err = p.readHead(k, steady{file, info.Size()}, info.Size())
	}
	if err != nil {
		return Summary{}, fmt.Errorf("%s: %w", packPath(name), offline(err))
	}
	return Summary{Size: info.Size(), Chunks: p.head.count, Metadata: p.head.stream == streamMeta}, nil
}
