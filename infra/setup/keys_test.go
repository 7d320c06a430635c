package setup

import (
	"context"
	"strings"
	"testing"

	"signpost/shared/secret/document"
)

func (p *project) key(verb, label string) error {
	s, _, err := p.session(strings.NewReader(""), Options{})
	if err != nil {
		return err
	}
	if verb == "list" {
		return s.listKeys(context.Background())
	}
	return s.changeKey(context.Background(), verb, label)
}

// TestKeys: a key's life, from the first to the last; each step is what functions accept.
func TestKeys(t *testing.T) {
	p := deployedProject(t)
	p.vault.values["signpost-prod/vendor"] = nil
	valid := func(label string) []string {
		t.Helper()
		read, err := document.Parse(p.vault.values["signpost-prod/vendor"], document.VendorAPIKeys)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, key := range read.VendorAPIKeys[label] {
			keys = append(keys, key.Reveal())
		}
		return keys
	}
	step := func(verb, label, wrong string, says ...string) {
		t.Helper()
		err := p.key(verb, label)
		if (err != nil) != (wrong != "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Fatalf("%s %s: %v", verb, label, err)
		}
		p.says(t, says...)
	}
	step("list", "", "", "nobody has access")
	step("add", "a b", "letters, digits")
	step("add", "erp", "", "not shown again")
	first := valid("erp")
	step("add", "crm", "", "not shown again")
	p.says(t, valid("crm")[0])
	step("add", "erp", "has a key")
	step("rotate", "shop", "has no key")
	step("remove", "shop", "has no key")
	step("rotate", "erp", "", "Run this again")
	p.says(t, valid("erp")[0])
	if keys := valid("erp"); len(first) != 1 || len(keys) != 2 || keys[1] != first[0] || keys[0] == first[0] {
		t.Fatalf("%d keys after the first step", len(keys))
	}
	step("rotate", "erp", "run this again in")
	p.pass(propagation)
	second := valid("erp")[0]
	step("rotate", "erp", "", "was dropped")
	if keys := valid("erp"); len(keys) != 1 || keys[0] != second {
		t.Errorf("%d keys after the second step", len(keys))
	}
	step("remove", "erp", "", "refused")
	step("list", "", "", "crm")
	if valid("erp") != nil || len(valid("crm")) != 1 {
		t.Error("the wrong key was removed")
	}
}
