package view

import (
	"bakfs/view/jsonl"
	"bakfs/view/text"
)

// lines are the options of all text.
func (a *account) lines() text.Options { return text.Options{Zone: a.o.Zone} }

// objects are the options of all JSON.
func (a *account) objects() jsonl.Options { return jsonl.Options{Zone: a.o.Zone} }
