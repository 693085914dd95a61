package api

import "github.com/danielgtaylor/huma/v2"

// openOperations need no key.
func (s *server) openOperations(open huma.API) {
	s.healthOperations(open)
	s.signInOperation(open)
	s.waysInOperation(open)
}

// operations need a key or a session, of the scope that each names.
func (s *server) operations(guarded huma.API) {
	s.sessionOperations(guarded)
	s.openSessionOperations(guarded)
	s.keyOperations(guarded)
	s.webhookOperations(guarded)
	s.twinOperations(guarded)
	s.loadOperations(guarded)
	s.kpiOperations(guarded)
	s.meterOperations(guarded)
	s.meterLoadOperations(guarded)
	s.priceOperations(guarded)
	s.breachOperations(guarded)
	s.upkeepOperations(guarded)
	s.specOperations(guarded)
	s.alertOperations(guarded)
	s.historyOperations(guarded)
	s.forecastOperations(guarded)
	s.accuracyOperations(guarded)
	s.groupOperations(guarded)
	s.decisionOperations(guarded)
	s.feedbackOperations(guarded)
	s.openADROperations(guarded)
	s.qualityOperations(guarded)
	s.meterQualityOperations(guarded)
	s.missingHoursOperations(guarded)
	s.readingsOperations(guarded)
	s.seriesOperations(guarded)
}
