package dev.mpg.placement;

/** What may be asked of a proxy instance. */
public enum InstanceState {
    /** It takes new Proxies. */
    Ready,
    /** Perhaps gone: it takes no new ones and keeps those that it has. */
    Suspect,
    /** Going, as planned: it takes no new ones, and those that it has move away one by one. */
    Draining,
    /** Gone: those that it had are placed again at once. */
    Lost
}
