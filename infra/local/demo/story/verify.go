package story

import (
	"context"

	"signpost/shared/webex"
)

// verify verifies the installation now, and checks the counts of the run.
func (s *story) verify(ctx context.Context, name string, pushed int) {
	saw := try(s, func() (report, error) { return s.lambda.verify(ctx, s.org.ID) })
	s.check(name, report{Verified: 1, Pushed: pushed}.String(), saw.String())
}

func (s *story) verifyPush(ctx context.Context) {
	s.verify(ctx, "Verification", 1)
	s.pushes[webex.DigitalSignage]++
}

func (s *story) changeSettings(ctx context.Context) {
	original, edition := s.deployed.content[webex.DigitalSignage], s.org.ID[:8]
	changed := withParameter(original, parameterEdition, edition)
	var err error
	s.settings, err = changeSignageURL(ctx, s.lambda, original, changed)
	s.keep(err)
	deployed := try(s, func() (function, error) { return s.lambda.function(ctx, functionVerify) })
	s.expect(variableSignage, changed, deployed.Environment.Variables[variableSignage])
	s.show(variableSignage, "now with "+parameterEdition+"="+edition)
	s.checkUnchanged(ctx)
}

func (s *story) verifyChange(ctx context.Context) {
	s.verifyPush(ctx)
	s.verify(ctx, "Second time", 0)
	s.checkBoard(ctx, s.settings.value)
	s.checkPushes(ctx)
}

func (s *story) revertSettings(ctx context.Context) {
	s.keep(s.settings.restore(ctx))
	s.verifyPush(ctx)
	s.checkUnchanged(ctx)
}

func (s *story) loseConfiguration(ctx context.Context) {
	s.keep(s.control.deleteConfiguration(ctx, s.org.ID, webex.DigitalSignage))
	s.checkBoard(ctx, nothing)
}

func (s *story) verifyRestores(ctx context.Context) {
	s.verifyPush(ctx)
	s.checkConfiguration(ctx, webex.DigitalSignage)
	s.checkUnchanged(ctx)
}
