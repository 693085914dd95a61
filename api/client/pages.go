package client

import (
	"context"
	"iter"
)

// AllMeters are the meters of all pages. It ends with the first error.
func (c *Client) AllMeters(ctx context.Context, params MetersParams) iter.Seq2[Meter, error] {
	return pages(func(cursor *string) ([]Meter, *Page, error) {
		params.Cursor = cursor
		a, err := c.Meters(ctx, &params)
		if err != nil {
			return nil, nil, err
		}
		return a.Data, a.Page, nil
	}, params.Cursor)
}

// AllDecisions are the decisions of all pages. It ends with the first error.
func (c *Client) AllDecisions(ctx context.Context, params DecisionsParams) iter.Seq2[DecisionHeader, error] {
	return pages(func(cursor *string) ([]DecisionHeader, *Page, error) {
		params.Cursor = cursor
		a, err := c.Decisions(ctx, &params)
		if err != nil {
			return nil, nil, err
		}
		return a.Data, a.Page, nil
	}, params.Cursor)
}

// AllMeterForecasts are the forecasts of a meter, of all pages. It ends with the first error.
func (c *Client) AllMeterForecasts(ctx context.Context, id string, params MeterForecastsParams) iter.Seq2[Forecast, error] {
	return pages(func(cursor *string) ([]Forecast, *Page, error) {
		params.Cursor = cursor
		a, err := c.MeterForecasts(ctx, id, &params)
		if err != nil {
			return nil, nil, err
		}
		return a.Data, a.Page, nil
	}, params.Cursor)
}

// AllGroupForecasts are the forecasts of a group, of all pages. It ends with the first error.
func (c *Client) AllGroupForecasts(ctx context.Context, id string, params GroupForecastsParams) iter.Seq2[GroupForecast, error] {
	return pages(func(cursor *string) ([]GroupForecast, *Page, error) {
		params.Cursor = cursor
		a, err := c.GroupForecasts(ctx, id, &params)
		if err != nil {
			return nil, nil, err
		}
		return a.Data, a.Page, nil
	}, params.Cursor)
}

// AllDataQuality are the rejected messages of all pages. It ends with the first error.
func (c *Client) AllDataQuality(ctx context.Context, params DataQualityParams) iter.Seq2[Quarantined, error] {
	return pages(func(cursor *string) ([]Quarantined, *Page, error) {
		params.Cursor = cursor
		a, err := c.DataQuality(ctx, &params)
		if err != nil {
			return nil, nil, err
		}
		return a.Data.Messages, a.Page, nil
	}, params.Cursor)
}

// AllWebhookDeliveries are the messages of a webhook, of all pages. It ends with the first error.
func (c *Client) AllWebhookDeliveries(ctx context.Context, id string, params WebhookDeliveriesParams) iter.Seq2[DeliveryView, error] {
	return pages(func(cursor *string) ([]DeliveryView, *Page, error) {
		params.Cursor = cursor
		a, err := c.WebhookDeliveries(ctx, id, &params)
		if err != nil {
			return nil, nil, err
		}
		return a.Data, a.Page, nil
	}, params.Cursor)
}

// pages goes through a list from a cursor on, nil for its beginning.
func pages[T any](page func(cursor *string) ([]T, *Page, error), cursor *string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for at := cursor; ; {
			items, p, err := page(at)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if p == nil || p.NextCursor == nil {
				return
			}
			at = p.NextCursor
		}
	}
}
