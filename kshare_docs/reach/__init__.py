"""What makes a finished site be found and quoted: addresses, pictures of its pages, their text."""
