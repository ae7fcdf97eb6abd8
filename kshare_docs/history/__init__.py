"""History: sets of captures that were kept, one a kernel, and what differs between them."""
