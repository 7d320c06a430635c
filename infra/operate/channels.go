package operate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"signpost/infra/terminal"
	"signpost/shared/channel"
	"signpost/shared/installation"
)

// channelView is a channel as commands show it: its settings with those of the
// environment filled in.
type channelView struct {
	Name     string            `json:"name"`
	Regions  []string          `json:"regions,omitempty"`
	Settings map[string]string `json:"settings"`
	// Own are the settings that are not the environment's.
	Own []string `json:"own"`
}

// views returns the current channels.
func (p stack) views(ctx context.Context) ([]channelView, error) {
	document := channel.Document{}
	if p.Channels.Revision > 0 {
		revision, err := p.Store.ChannelRevision(ctx, p.Channels.Revision)
		if err != nil {
			return nil, err
		}
		document = revision.Document
	}
	var all []channelView
	for _, name := range p.Channels.Names() {
		own := document.Channels[name]
		view := channelView{Name: name, Regions: own.Regions, Settings: map[string]string{}, Own: slices.Sorted(maps.Keys(own.Settings))}
		for _, variable := range channel.Variables {
			if value, replaced := own.Settings[variable]; replaced {
				view.Settings[variable] = value
			} else {
				view.Settings[variable] = p.environ[variable]
			}
		}
		all = append(all, view)
	}
	return all, nil
}

// ListChannels prints the current channels.
func (o *Operator) ListChannels(ctx context.Context) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	views, err := p.views(ctx)
	if err != nil {
		return err
	}
	if o.JSON {
		return o.Print(map[string]any{"revision": p.Channels.Revision, "channels": views})
	}
	cells := [][]string{}
	for _, v := range views {
		cells = append(cells, []string{v.Name, cmp.Or(strings.Join(v.Regions, ", "), "-"), cmp.Or(v.Settings["SIGNAGE_URL"], "-"), cmp.Or(v.Settings["PWA_URL"], "-"), cmp.Or(v.Settings["CONTENT_URL"], "-")})
	}
	o.Table([]string{"CHANNEL", "REGIONS", "SIGNAGE_URL", "PWA_URL", "CONTENT_URL"}, cells)
	o.Note(revisionText(p.Channels.Revision))
	return nil
}

func revisionText(number int) string {
	if number == 0 {
		return "no channels were applied: every installation has the settings of the environment"
	}
	return fmt.Sprintf("revision %d", number)
}

// ShowChannel prints one channel.
func (o *Operator) ShowChannel(ctx context.Context, name string) error {
	p, err := o.assemble(ctx)
	if err == nil && !p.Channels.Has(name) {
		err = o.unknownChannel(name, p.Channels)
	}
	if err != nil {
		return err
	}
	views, err := p.views(ctx)
	if err != nil {
		return err
	}
	view := views[slices.IndexFunc(views, func(v channelView) bool { return v.Name == name })]
	if o.JSON {
		return o.Print(view)
	}
	cells := [][]string{{"regions", cmp.Or(strings.Join(view.Regions, ", "), "-"), ""}}
	for _, variable := range channel.Variables {
		source := "environment"
		if slices.Contains(view.Own, variable) {
			source = "channel"
		}
		cells = append(cells, []string{variable, cmp.Or(view.Settings[variable], "-"), source})
	}
	o.Table(nil, cells)
	return nil
}

func (o *Operator) unknownChannel(name string, channels channel.Channels) error {
	return terminal.Usagef("there is no channel %q: they are %s", name, strings.Join(channels.Names(), ", "))
}

// ChannelHistory prints the kept revisions of the channels, the latest first.
func (o *Operator) ChannelHistory(ctx context.Context) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	revisions, err := p.Store.ChannelRevisions(ctx)
	if err != nil {
		return err
	}
	type entry struct {
		Revision int              `json:"revision"`
		Created  string           `json:"created"`
		Current  bool             `json:"current"`
		Document channel.Document `json:"document"`
	}
	list, cells := []entry{}, [][]string{}
	for _, r := range revisions {
		one := entry{r.Number, installation.Timestamp(r.CreatedAt), r.Number == p.Channels.Revision, r.Document}
		mark := ""
		if one.Current {
			mark = "current"
		}
		list = append(list, one)
		cells = append(cells, []string{fmt.Sprint(one.Revision), one.Created, strings.Join(slices.Sorted(maps.Keys(r.Document.Channels)), ", "), mark})
	}
	switch {
	case o.JSON:
		return o.Print(list)
	case len(list) == 0:
		o.Note(revisionText(0))
	default:
		o.Table([]string{"REVISION", "CREATED", "CHANNELS", ""}, cells)
	}
	return nil
}
