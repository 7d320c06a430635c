package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/channel"
)

// ChannelChange says how a change of the channels is made.
type ChannelChange struct {
	// Unchecked skips fetching the pages.
	Unchecked bool
	// Confirmed does not ask.
	Confirmed bool
}

// ApplyChannels makes the document in raw the next revision of the channels. It refuses
// one with problems, all of them together, and one of whose pages does not answer. Unless
// confirmed, the user must type how many installations change.
func (o *Operator) ApplyChannels(ctx context.Context, raw []byte, change ChannelChange) error {
	p, document, err := o.parsed(ctx, raw)
	if err != nil {
		return err
	}
	return o.applyChannels(ctx, p, document, change)
}

// parsed parses a document of channels, and assembles the stack that it is for.
func (o *Operator) parsed(ctx context.Context, raw []byte) (stack, channel.Document, error) {
	document, err := channel.Parse(raw)
	if err != nil {
		return stack{}, document, terminal.Usagef("the document %w", err)
	}
	p, err := o.assemble(ctx)
	return p, document, err
}

// RevertChannels makes the document of an earlier revision the next one; see
// [Operator.ApplyChannels].
func (o *Operator) RevertChannels(ctx context.Context, number int, change ChannelChange) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	revision, err := p.Store.ChannelRevision(ctx, number)
	if errors.Is(err, channel.ErrUnknownRevision) {
		err = terminal.Fixable(err, "signpost channel history%s", o.stageFlag())
	}
	if err != nil {
		return err
	}
	return o.applyChannels(ctx, p, revision.Document, change)
}

func (o *Operator) applyChannels(ctx context.Context, p stack, document channel.Document, change ChannelChange) error {
	if _, err := p.Channels.Apply(); err != nil { // before anybody is asked
		return terminal.Fixable(err, "signpost rollout status%s", o.stageFlag())
	}
	if same, err := o.unchanged(ctx, p, document); err != nil || same {
		return err
	}
	after, err := o.checked(ctx, p, document, change.Unchecked)
	if err != nil {
		return err
	}
	affected, err := o.affected(ctx, p, after)
	if err == nil && affected > 0 && !change.Confirmed {
		question := fmt.Sprintf("This changes what %s: the next run of the schedule begins to push it, at VERIFY_RATE. In a script, use --yes.", counted(affected))
		err = o.Confirm(ctx, question, fmt.Sprint(affected))
	}
	if err != nil {
		return err
	}
	next, err := p.addRevision(ctx, document)
	if err != nil {
		return err
	}
	if o.JSON {
		return o.Print(map[string]int{"revision": next.Revision, "affected": affected})
	}
	o.Good(fmt.Sprintf("revision %d is current; it changes what %s", next.Revision, counted(affected)))
	return nil
}

// checked returns the channels of a document, or all that is wrong with it. Unless
// unchecked, it fetches each page.
func (o *Operator) checked(ctx context.Context, p stack, document channel.Document, unchecked bool) (channel.Set, error) {
	if err := document.Check(p.environ); err != nil {
		return channel.Set{}, terminal.UsageError{Err: fmt.Errorf("nothing was changed: the document has problems:\n%w", err)}
	}
	set, err := document.Resolve(p.environ)
	if err != nil || unchecked {
		return set, err
	}
	if failures := o.unanswered(ctx, pagesOf(set)); len(failures) > 0 {
		err := fmt.Errorf("nothing was changed: devices would be shown pages that do not answer from here:\n%w", errors.Join(failures...))
		return set, terminal.Fixable(err, "fix them, or use --no-fetch if devices reach them from their own network")
	}
	return set, nil
}

// addRevision makes the document the next revision, if nobody changed the channels since
// they were read.
func (p stack) addRevision(ctx context.Context, document channel.Document) (channel.Current, error) {
	current, err := p.Store.CurrentChannels(ctx)
	if err == nil && current.Revision != p.Channels.Revision {
		err = channel.ErrChanged
	}
	if err != nil {
		return channel.Current{}, err
	}
	next, err := current.Apply()
	if err != nil {
		return channel.Current{}, err
	}
	return p.Store.AddChannelRevision(ctx, next, document, time.Now())
}

// unchanged reports whether the document is that of the current revision, and says so.
func (o *Operator) unchanged(ctx context.Context, p stack, document channel.Document) (bool, error) {
	current := channel.Revision{}
	if p.Channels.Revision > 0 {
		var err error
		if current, err = p.Store.ChannelRevision(ctx, p.Channels.Revision); err != nil {
			return false, err
		}
	}
	was, wasErr := json.Marshal(current.Document.Channels)
	is, isErr := json.Marshal(document.Channels)
	same := string(was) == string(is) || len(current.Document.Channels)+len(document.Channels) == 0
	if same {
		o.Note(fmt.Sprintf("nothing to change: the channels are those of revision %d", p.Channels.Revision))
	}
	return same, errors.Join(wasErr, isErr)
}

// affected counts the installations whose devices a change of the channels affects.
func (o *Operator) affected(ctx context.Context, p stack, after channel.Set) (int, error) {
	rows, unreadable, err := o.installations(ctx, p)
	o.warn(unreadable)
	count := 0
	for _, row := range rows {
		before, _ := p.Channels.For(row)
		if !reflect.DeepEqual(before.Of(before.Name(row)).Features, after.Of(after.Name(row)).Features) {
			count++
		}
	}
	return count, err
}

func counted(installations int) string {
	return "the devices of " + quantity(installations, "installation") + " show"
}

// quantity is a number of things, such as "1 stage" and "2 stages".
func quantity(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// AssignChannel assigns the selected installation to a channel, or with
// [channel.Default] to none, and verifies it.
func (o *Operator) AssignChannel(ctx context.Context, s Selection, name string) error {
	p, row, err := o.single(ctx, s)
	if err != nil {
		return err
	}
	if !p.Channels.Has(name) {
		return o.unknownChannel(name, p.Channels)
	}
	assigned := name
	if name == channel.Default {
		assigned = ""
	}
	if row, err = p.Vendor.AssignChannel(ctx, row.Key, assigned); err != nil {
		return err
	}
	report := o.verifyNow(ctx, p, row.Key)
	if o.JSON {
		return o.Print(map[string]any{"org": row.OrgKey, "appId": row.AppID, "channel": p.Channels.Name(row), "pushed": report.Pushed + report.Deleted, "failed": report.Failed + report.Left})
	}
	text := fmt.Sprintf("%s has the channel %s", displayName(row), p.Channels.Name(row))
	if claimed := p.Channels.Name(row); claimed != name {
		text += ", which claims its region " + row.Region
	}
	if report.Failed+report.Left > 0 {
		text += "; it could not be pushed now, and the schedule tries again"
	}
	o.Good(text)
	return nil
}
