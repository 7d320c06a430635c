package story

import (
	"context"

	"signpost/shared/webex"
)

// verify has the installation verified now, and checks what that came to.
func (s *story) verify(ctx context.Context, name string, pushed int) error {
	saw, err := s.lambda.verify(ctx, s.org.ID)
	if err != nil {
		return err
	}
	return s.check(name, report{Verified: 1, Pushed: pushed}.String(), saw.String())
}

func (s *story) changeSettings(ctx context.Context) error {
	original, edition := s.deployed.content[webex.DigitalSignage], s.org.ID[:8]
	changed := withParameter(original, parameterEdition, edition)
	change, err := changeSignageURL(ctx, s.lambda, original, changed)
	s.settings = change
	if err != nil {
		return err
	}
	deployed, err := s.lambda.function(ctx, functionVerify)
	if err != nil {
		return err
	}
	saw := deployed.Environment.Variables[variableSignage]
	if err := expect(variableSignage, changed, saw); err != nil {
		return err
	}
	s.show(variableSignage, "gets "+parameterEdition+"="+edition)
	return s.checkAsFirst(ctx)
}

func (s *story) verifyChange(ctx context.Context) error {
	if err := s.verify(ctx, "Verification", 1); err != nil {
		return err
	}
	if err := s.verify(ctx, "Once more", 0); err != nil {
		return err
	}
	s.pushes[webex.DigitalSignage]++
	if err := s.checkBoard(ctx, s.settings.value); err != nil {
		return err
	}
	return s.checkPushes(ctx)
}

func (s *story) takeBack(ctx context.Context) error {
	if err := s.settings.restore(ctx); err != nil {
		return err
	}
	if err := s.verify(ctx, "Verification", 1); err != nil {
		return err
	}
	s.pushes[webex.DigitalSignage]++
	return s.checkAsFirst(ctx)
}

func (s *story) vanish(ctx context.Context) error {
	if err := s.control.loseConfiguration(ctx, s.org.ID, webex.DigitalSignage); err != nil {
		return err
	}
	return s.checkBoard(ctx, nothing)
}

func (s *story) verifyRestores(ctx context.Context) error {
	if err := s.verify(ctx, "Verification", 1); err != nil {
		return err
	}
	s.pushes[webex.DigitalSignage]++
	if err := s.checkConfiguration(ctx, webex.DigitalSignage); err != nil {
		return err
	}
	return s.checkAsFirst(ctx)
}
