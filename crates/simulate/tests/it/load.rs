//! Simulated markets and loads: deviation, clusters, the delay of reactions, seasons, and that a seed is a world.

use tracehound_simulate::load::{LoadSpec, MarketBar, MarketSpec, load, market, season};

fn deviation(values: &[f64]) -> f64 {
    (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
}

#[test]
fn a_market_has_its_deviation_and_its_clusters() {
    let spec = MarketSpec { jumps_per_million: 0, ..MarketSpec::default() };
    let bars = market(1, 50_000, &spec);
    let moves: Vec<f64> = bars.iter().map(|bar| bar.close / bar.open - 1.0).collect();
    assert!((deviation(&moves) / spec.deviation - 1.0).abs() < 0.1, "{}", deviation(&moves));
    let sizes: Vec<f64> = moves.iter().map(|change| change.abs() - 0.0016).collect();
    let together: f64 = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
    assert!(together > 0.0, "large moves come together");
    for bar in &bars {
        assert!(bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close));
        assert!(bar.low > 0.0 && bar.volume > 0.0);
    }
    assert_eq!(market(1, 50, &spec), bars[..50], "a seed is a world");
    assert_ne!(market(2, 50, &spec), bars[..50]);
}

#[test]
fn people_come_after_the_delay_and_leave() {
    let still = MarketBar { open: 100.0, high: 100.1, low: 99.9, close: 100.1, volume: 1.0 };
    let mut bars: Vec<MarketBar> = (0..1_000)
        .map(
            |at| if at % 2 == 0 { still } else { MarketBar { open: 100.1, close: 100.0, ..still } },
        )
        .collect();
    let spec = LoadSpec { noise: 0.0, surprises_per_million: 0, ..LoadSpec::default() };
    let calm = load(7, &bars, &spec);
    for (at, value) in calm.iter().enumerate() {
        assert!((value - spec.base * season(at, &spec)).abs() < 1e-9, "{at}");
    }
    for bar in &mut bars[600..] {
        *bar = MarketBar { open: 102.0, high: 102.1, low: 101.9, close: 102.0, volume: 1.0 };
    }
    bars[600].open = 100.0;
    let moved = load(7, &bars, &spec);
    assert_eq!(moved[..603], calm[..603], "nobody comes within 15 minutes");
    assert!(moved[603] > 1.05 * calm[603] && moved[605] > moved[603] * 1.1);
    assert!((moved[605 + 9] / calm[614] - 1.0) < 0.55 * (moved[605] / calm[605] - 1.0));
    assert!((moved[700] / calm[700] - 1.0).abs() < 1e-9, "all have left");
}

#[test]
fn days_and_weekends() {
    let spec = LoadSpec::default();
    let noon = |day: usize| season(day * 288 + 216, &spec);
    assert!((noon(0) - 1.4).abs() < 1e-12 && (noon(5) - 1.4 * 0.85).abs() < 1e-12);
    assert!((season(72, &spec) - 0.6).abs() < 1e-12 && (season(0, &spec) - 1.0).abs() < 1e-12);
}
