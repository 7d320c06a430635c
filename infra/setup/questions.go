package setup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"signpost/infra/stage"
	"signpost/infra/terminal"
	"signpost/shared/config"
	"signpost/shared/manifest"
)

// clientID is the setting that Control Hub shows only after an upload.
const clientID = "WEBEX_CLIENT_ID"

// question asks for one setting that only the vendor knows.
type question struct {
	// key is the setting's name for --set: a variable of the functions, or a
	// field of the settings' file.
	key  string
	text string
	// help says what the setting is for, and where to find it.
	help string
	// fallback is proposed if the setting is empty.
	fallback func() string
	// check returns an error for a wrong answer, in addition to the functions'
	// rules for their variables; nil accepts any.
	check func(string) error
	// when reports whether the question is asked; nil means always.
	when func(stage.Settings) bool
}

func (q question) validate(answer string) error {
	if q.check != nil {
		if err := q.check(answer); err != nil {
			return err
		}
	}
	if isField := strings.Contains(q.key, "."); isField || q.key == clientID && answer == "" {
		return nil
	}
	return stage.CheckVariable(q.key, answer)
}

// questions are asked in this order. Settings with a good default are not among
// them; --set or an editor sets those.
var questions = []question{
	{key: "WEBEX_APP_ID", text: "Id of the integration", fallback: newUUID,
		help: "A UUID that you choose once: the manifest's id. Use the one of your manifest, if you have one."},
	{key: "integration.displayName", text: "Name of the integration", check: notEmpty, help: "As administrators see it in Control Hub."},
	{key: "VENDOR_NAME", text: "Your name", check: notEmpty, help: "The vendor, in Control Hub and on the activation page."},
	{key: "integration.email", text: "Contact", check: email, help: "An e-mail address, for Cisco and administrators."},
	{key: "SUPPORT_URL", text: "Your support",
		help: "A page (https://…) or an address (mailto:…), shown to administrators whose activation fails. May be empty."},
	{key: "integration.description", text: "What it does", check: notEmpty, help: "One or two sentences, shown in Control Hub."},
	{key: "integration.availability", text: "Availability", fallback: always("org_private"), check: oneOf("org_private", "global"),
		help: "org_private: one organization uploads the manifest. global: every customer finds it, once Cisco has approved it."},
	{key: "integration.tocUrl", text: "Terms of use", check: config.CheckAddress, when: isGlobal, help: "The address of the terms, which a global integration requires."},
	{key: "integration.provisioning", text: "Provisioning", fallback: always("manual"), check: oneOf("manual", "https"),
		help: "manual: an administrator pastes the activation code into a page of the API. https: Control Hub posts it to\n" +
			"  the API, whose address must be known: use your own domain, or manual for the first deployment."},
	{key: "SIGNAGE_URL", text: "Signage page",
		help: "What signage devices show; may contain $(deviceId) and other replacement values. Leave empty if you provide no digital signage."},
	{key: "PWA_URL", text: "Persistent web app",
		help: "What Room Navigators show. Leave empty if you provide no web app."},
	{key: "CONTENT_URL", text: "Your content page",
		help: "Opened in a new tab when an administrator assigns content; launch=<code> is added to its query."},
	{key: "deployment.domain", text: "Your own host name for the API",
		help: "Such as signpost.example.com. Leave empty for the name that API Gateway gives."},
	{key: "deployment.certificateArn", text: "Its certificate", check: notEmpty, when: hasDomain,
		help: "ARN of an issued certificate in AWS Certificate Manager, in the region of the stack."},
	{key: "deployment.hostedZoneId", text: "Its hosted zone", when: hasDomain,
		help: "Id of the Route 53 zone in which to create the name. Leave empty to create it yourself."},
	{key: "deployment.alarmEmail", text: "Who receives alarms", check: optional(email), help: "An e-mail address; AWS asks it to confirm. May be empty."},
	{key: clientID, text: "OAuth client id",
		help: "Control Hub shows it once, when the manifest is uploaded (signpost manifest). Leave empty until then."},
}

func isGlobal(s stage.Settings) bool  { return s.Integration.Availability == "global" }
func hasDomain(s stage.Settings) bool { return s.Deployment.Domain != "" }

// applySettings applies --set and asks for missing settings. It saves nothing if a value in
// --set is wrong.
func (s *session) applySettings(ctx context.Context, found bool) error {
	problems := s.assignAll()
	if s.Batch {
		problems = append(problems, s.applyFallbacks(found)...)
		problems = append(problems, s.problems())
	}
	if err := errors.Join(problems...); err != nil {
		return terminal.UsageError{Err: fmt.Errorf("nothing was saved:\n%w", err)}
	}
	if s.Batch {
		s.settings.NextQuestion = ""
		return s.settings.Write(s.ConfigDir)
	}
	if !found || s.All {
		s.settings.NextQuestion = questions[0].key
	}
	if len(s.Set) > 0 { // an interrupted dialog keeps them
		if err := s.settings.Write(s.ConfigDir); err != nil {
			return err
		}
	}
	return s.askMissing(ctx)
}

// assignAll applies --set. It checks each value by itself, except in a batch, which
// checks all settings later.
func (s *session) assignAll() (problems []error) {
	for _, key := range slices.Sorted(maps.Keys(s.Set)) {
		err := s.assign(key, s.Set[key])
		if err == nil && !s.Batch {
			q := question{key: key}
			if i := slices.IndexFunc(questions, func(q question) bool { return q.key == key }); i >= 0 {
				q = questions[i]
			}
			if err = q.validate(s.Set[key]); err != nil {
				err = fmt.Errorf("%s: %w", key, err)
			}
		}
		problems = append(problems, err)
	}
	return problems
}

// applyFallbacks sets each empty setting to its fallback, and returns the problems that the
// questions' own checks find.
func (s *session) applyFallbacks(found bool) (problems []error) {
	for _, q := range questions {
		if q.when != nil && !q.when(s.settings) {
			continue
		}
		// An id that was lost from the file must not be replaced silently.
		lost := found && q.key == "WEBEX_APP_ID"
		answer := s.proposal(q, lost)
		if q.check != nil {
			if err := q.check(answer); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", q.key, err))
			}
		}
		s.set(q.key, answer)
	}
	return problems
}

// proposal returns the current answer, else the fallback.
func (s *session) proposal(q question, lost bool) string {
	field, err := s.field(q.key)
	if err != nil {
		return ""
	}
	if current := field.get(); current != "" || q.fallback == nil || lost {
		return current
	}
	return q.fallback()
}

func (s *session) set(key, value string) {
	if field, err := s.field(key); err == nil {
		_ = field.set(value) // all questions ask for text, which set never refuses
	}
}

// askMissing asks all questions from the one at which the last setup stopped, and
// earlier ones whose answer is missing or wrong. It saves each answer immediately.
func (s *session) askMissing(ctx context.Context) error {
	resume := slices.IndexFunc(questions, func(q question) bool { return q.key == s.settings.NextQuestion })
	if s.settings.NextQuestion == "" {
		resume = len(questions)
	}
	introduced := false
	for i, q := range questions {
		_, given := s.Set[q.key]
		proposal := s.proposal(q, false)
		answered := i < resume && q.validate(proposal) == nil && (q.key != clientID || proposal != "")
		if given || answered || q.when != nil && !q.when(s.settings) {
			continue
		}
		if !introduced {
			introduced = true
			s.say("Settings of %s. An empty answer keeps the value in brackets; - clears it. Ctrl-C stops, and answers are kept.", s.Stage)
		}
		answer, err := s.ask(ctx, q, proposal)
		if err != nil {
			return err
		}
		s.set(q.key, answer)
		if i >= resume {
			s.settings.NextQuestion = ""
			if i+1 < len(questions) {
				s.settings.NextQuestion = questions[i+1].key
			}
		}
		if err := s.settings.Write(s.ConfigDir); err != nil {
			return err
		}
	}
	s.settings.NextQuestion = ""
	return s.settings.Write(s.ConfigDir)
}

func always(text string) func() string { return func() string { return text } }

func notEmpty(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("it is required")
	}
	return nil
}

func email(text string) error {
	if !manifest.IsEmail(text) {
		return errors.New("it is not an e-mail address")
	}
	return nil
}

func oneOf(choices ...string) func(string) error {
	return func(text string) error {
		if !slices.Contains(choices, text) {
			return fmt.Errorf("it must be one of %s", strings.Join(choices, ", "))
		}
		return nil
	}
}

func optional(check func(string) error) func(string) error {
	return func(text string) error {
		if text == "" {
			return nil
		}
		return check(text)
	}
}

func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
