// Command sample writes the made-up Signal backup of package signal/sample, and
// its key, into a folder: SignalBackups/ and signal-key.txt.
//
//	go run ./integration/sample DIR
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"bakfs/signal/sample"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sample:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: sample DIR")
	}
	if err := sample.Write(args[0]); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(args[0], "signal-key.txt"), []byte(sample.Key+"\n"), 0o600)
}
