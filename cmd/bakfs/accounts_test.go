package main

import (
	"maps"
	"testing"
)

func TestAccountsAreJoinedBySecretsAndOnlyToOneThatIsBetterKnown(t *testing.T) {
	const (
		unknown, unknown2 = "/signal/unknown-01234567", "/signal/unknown-89abcdef"
		number, number2   = "/signal/+15550100142", "/signal/+15550100177"
		id, id2           = "/signal/00112233-4455-6677-8899-aabbccddeeff", "/signal/ffffffff-4455-6677-8899-aabbccddeeff"
		strange           = "/signal/00112233-4455-6677-8899-AABBCCDDEEFF"
	)
	keys := func(n byte) proof { return proof{keys: tag{n}} }
	profile := func(n byte) proof { return proof{profile: tag{n}} }
	for what, c := range map[string]struct {
		proofs map[string][]proof
		want   map[string]string
	}{
		"nothing":         {nil, nil},
		"no secret":       {map[string][]proof{unknown: {{}}, number: {{}}, id: {{}}}, nil},
		"other secrets":   {map[string][]proof{unknown: {keys(1), profile(2)}, id: {keys(2), profile(1)}}, nil},
		"equal keys":      {map[string][]proof{unknown: {keys(1)}, id: {keys(9), keys(1)}}, map[string]string{unknown: id}},
		"equal profile":   {map[string][]proof{number: {profile(1)}, id: {profile(1)}}, map[string]string{number: id}},
		"number at least": {map[string][]proof{unknown: {profile(1)}, number: {profile(1)}}, map[string]string{unknown: number}},
		"the best known":  {map[string][]proof{unknown: {profile(1)}, number: {profile(1)}, number2: {profile(1)}, id: {profile(1)}}, map[string]string{unknown: id, number: id, number2: id}},
		"step by step":    {map[string][]proof{unknown: {profile(1)}, number: {profile(1), profile(2)}, id: {profile(2)}}, map[string]string{unknown: id, number: id}},
		"as well known":   {map[string][]proof{unknown: {keys(1)}, unknown2: {keys(1)}}, nil},
		"two ids":         {map[string][]proof{id: {keys(1), profile(1)}, id2: {keys(1), profile(1)}}, nil},
		"one between":     {map[string][]proof{unknown: {keys(1), keys(2)}, id: {keys(1)}, id2: {keys(2)}}, nil},
		"one in between":  {map[string][]proof{number: {keys(1), keys(2)}, unknown: {keys(1)}, id: {keys(1)}, id2: {keys(2)}}, map[string]string{unknown: id}},
		"no account":      {map[string][]proof{unknown: {keys(1)}, strange: {keys(1)}, "/signal/x": {keys(1)}}, nil},
		"no source":       {map[string][]proof{"/signal/x": {keys(1)}, id: {keys(1)}}, nil},
	} {
		for range 20 { // maps have no order
			if got := join(c.proofs); !maps.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", what, got, c.want)
				break
			}
		}
	}
}
